//! Refusals, and uses of keys that leave no other trace: recorded in a transaction of their own, once the response is
//! known.
//!
//! The caller's extractor stores a [`Witness`] with the request ([`Witness::see`]); `http::service` asks it to
//! [`Witness::record`] before the response leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Actor, Entry, store};
use crate::access::{AuthContext, Gate, RequestInfo};
use crate::db::StoreError;
use crate::telemetry;

/// How often the use of a key is recorded, if nothing else is.
const KEY_USE: TimeDelta = TimeDelta::minutes(1);
/// How many keys' last uses are remembered; when there are more, all are forgotten.
const KEYS: usize = 10_000;

/// Knows who makes a request, once that is known. Cheap to clone; all clones share the same state.
#[derive(Clone, Default)]
pub struct Witness(Arc<Mutex<Option<Seen>>>);

#[derive(Clone)]
struct Seen {
    gate: Gate,
    actor: Actor,
    request: RequestInfo,
}

impl Witness {
    /// Stores the caller.
    pub fn see(&self, gate: &Gate, caller: &AuthContext) {
        let seen =
            Seen { gate: gate.clone(), actor: Actor::caller(caller), request: caller.request().clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    /// Records a refusal, if there was one, or else the use of a key, if no other row tells of it. `named` is what the
    /// request's path names.
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
            // The response stays as it is; operators must know that the log lacks this row.
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

    /// Whether an API key was used that this process has not recorded within the last minute.
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
