//! What was refused, and keys that were used without leaving another trace: recorded after the answer is known, in a
//! transaction of its own.
//!
//! The caller's extractor leaves a [`Witness`] with the request ([`Witness::see`]); `http::service` asks it to
//! [`Witness::record`] before the answer leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Actor, Entry, store};
use crate::access::{AuthContext, Gate, RequestInfo};
use crate::db::StoreError;
use crate::telemetry;

/// How often the use of a key is worth a row, if that is all there is to say.
const KEY_USE: TimeDelta = TimeDelta::minutes(1);
/// Keys whose last use is remembered; more, and all are forgotten.
const KEYS: usize = 10_000;

/// Knows who makes a request, once that is known. Cheap to clone; all clones know the same.
#[derive(Clone, Default)]
pub struct Witness(Arc<Mutex<Option<Seen>>>);

#[derive(Clone)]
struct Seen {
    gate: Gate,
    actor: Actor,
    request: RequestInfo,
}

impl Witness {
    /// Takes note of the caller.
    pub fn see(&self, gate: &Gate, caller: &AuthContext) {
        let seen =
            Seen { gate: gate.clone(), actor: Actor::caller(caller), request: caller.request().clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    /// Records that the request was refused, if it was, or else that a key was used, if nothing tells of it yet. `named` is
    /// what the request's address names.
    pub async fn record(&self, named: Option<String>) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(seen) = seen else { return };
        let entry = match telemetry::refusal() {
            Some(refusal) => {
                let details = json!({ "status": refusal.status, "reason": refusal.reason });
                let target = telemetry::target().or(named);
                Entry { target, ..Entry::of("access.refuse").with(details).refused() }
            }
            None if !telemetry::was_audited() && seen.is_first_use() => Entry::of("api_key.use"),
            None => return,
        };
        if let Err(error) = seen.insert(&entry).await {
            // The answer is a refusal already; whoever operates this must know that the log lacks it.
            tracing::error!(%error, action = entry.action, "a refusal or a use of a key could not be recorded");
        }
    }
}

impl Seen {
    async fn insert(&self, entry: &Entry) -> Result<(), StoreError> {
        let tx = self.gate.sign_in("audit.refusal").await?;
        store::insert(&tx, &self.actor, &self.request, entry).await?;
        tx.commit().await
    }

    /// Whether an API key was used that this process has not recorded in the last minute.
    fn is_first_use(&self) -> bool {
        static USED: Mutex<Option<HashMap<Uuid, DateTime<Utc>>>> = Mutex::new(None);
        let (Some(key), "api_key") = (self.actor.credential, self.actor.method) else { return false };
        let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.get_or_insert_default();
        if used.len() >= KEYS {
            used.clear();
        }
        let now = self.request.at;
        match used.insert(key, now) {
            Some(before) if before > now - KEY_USE => {
                used.insert(key, before);
                false
            }
            _ => true,
        }
    }
}
