//! Refusals, and uses of keys that leave no other trace: recorded in a transaction of their own, once the response is
//! known. So are credentials that are not let in any more ([`of_credential`]).
//!
//! The caller's extractor stores a [`Witness`] with the request ([`Witness::see`]); `http::service` asks it to
//! [`Witness::record`] before the response leaves.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Actor, Entry, store};
use crate::access::{AuthContext, Gate, IdentityTx, Proof, Refused, RequestInfo};
use crate::db::StoreError;
use crate::telemetry;

/// How often the use of a key is recorded if nothing else is, and the refusal of a credential.
const OFTEN: TimeDelta = TimeDelta::minutes(1);
/// How many credentials are remembered; when there are more, all are forgotten.
const MOST: usize = 10_000;

/// The keys whose use this process has recorded, and the credentials whose refusal.
static USED: Recently<Uuid> = Recently::new();
static REFUSED: Recently<Proof> = Recently::new();

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
        let (Some(key), "api_key") = (self.actor.credential, self.actor.method) else { return false };
        USED.is_first(key, self.request.at)
    }
}

/// Returns whether this process has not looked for the holder of a refused credential within the last minute, and notes
/// that it does now.
pub(crate) fn is_first_refusal(proof: Proof, now: DateTime<Utc>) -> bool {
    REFUSED.is_first(proof, now)
}

/// Records that a credential was refused.
pub(crate) async fn of_credential(
    tx: &IdentityTx,
    refused: &Refused,
    request: &RequestInfo,
) -> Result<(), StoreError> {
    let details = json!({ "status": 401, "reason": refused.reason });
    let entry = Entry::of("access.refuse").with(details).refused();
    store::insert(tx, &Actor::refused(refused), request, &entry).await
}

/// When something was last recorded about credentials.
struct Recently<K>(Mutex<Option<HashMap<K, DateTime<Utc>>>>);

impl<K: Copy + Eq + Hash> Recently<K> {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Returns whether nothing was recorded about a credential within the last minute, and notes that it is now.
    fn is_first(&self, credential: K, now: DateTime<Utc>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if known.len() >= MOST {
            known.clear();
        }
        match known.insert(credential, now) {
            Some(before) if before > now - OFTEN => {
                known.insert(credential, before);
                false
            }
            _ => true,
        }
    }
}
