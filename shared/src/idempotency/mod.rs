//! Writes that a client may safely repeat: the same `Idempotency-Key` with the same request does the work once and gets
//! the same response again.
//!
//! Start with [`once`], which services wrap around their work. The key's row commits together with the change; of two
//! concurrent requests with the same key, one waits for the other. Failures are not stored, so the client may retry
//! with the same key. Responses that hold a secret must not use this, because they would be stored.

use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{AuthContext, Classification, Gate, Role, TenantTx};
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};

/// The minimum time for which a response is kept. Afterwards the key counts as new.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// The maximum length of a key, in characters.
const MAX_KEY: usize = 255;

/// A client's key and the request it was sent with. Keys are separate for each user.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    key: String,
    request: [u8; 32],
}

impl IdempotencyKey {
    /// Creates a key. `request` is everything that must be equal for two requests to be the same: method, URL, body.
    pub fn new(key: &str, request: &[&[u8]]) -> Result<Self> {
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::malformed(format!(
                "Idempotency-Key must be 1 to {MAX_KEY} visible ASCII characters without spaces"
            )));
        }
        let mut hash = Sha256::new();
        for part in request {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Ok(Self { key: key.to_owned(), request: hash.finalize().into() })
    }
}

/// A response, and whether it is a replay. Over HTTP a replay has the header `Idempotent-Replayed: true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once<T> {
    /// The response.
    pub value: T,
    /// Whether the work was done by an earlier request.
    pub replayed: bool,
}

impl<T> Once<T> {
    /// Transforms the response.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Once<U> {
        Once { value: form(self.value), replayed: self.replayed }
    }
}

/// Does the work, unless this caller's request with this key has already been answered: then returns that answer and
/// drops the work unstarted. Call it first in the transaction, before any lock is taken, and commit afterwards in
/// either case. Without a key it just does the work.
///
/// A key belongs to its user, whichever credential they use: check first that the credential allows such work
/// (`authorize_verb`), because a replay skips the checks of the work itself. A replay is refused (`Forbidden`) if the
/// caller's authority, or that of the credential, has since been reduced. It is also refused (`Conflict`) once a memory
/// that the answer names has been forgotten, because the text of a forgotten memory must not remain here either.
pub async fn once<T: Serialize + DeserializeOwned>(
    tx: &TenantTx<'_>,
    key: Option<&IdempotencyKey>,
    work: impl Future<Output = Result<T>>,
) -> Result<Once<T>> {
    let Some(key) = key else { return Ok(Once { value: work.await?, replayed: false }) };
    if let Some(answer) = claim(tx, key).await? {
        let mut shown = Vec::new();
        memories(&answer, &mut shown);
        let entry = Entry::new("request.replay", &key.key).memories(shown.into_iter().map(MemoryId));
        let value = serde_json::from_value(answer).map_err(corrupt)?;
        audit::record(tx, entry).await?;
        return Ok(Once { value, replayed: true });
    }
    let value = work.await?;
    keep(tx, key, &serde_json::to_value(&value).map_err(Error::internal)?).await?;
    Ok(Once { value, replayed: false })
}

/// Claims the key, or returns the answer stored under it. Waits while another transaction holds it.
async fn claim(tx: &TenantTx<'_>, key: &IdempotencyKey) -> Result<Option<Value>> {
    const CLAIM: &str = "-- idempotency_key.claim
        INSERT INTO idempotency_keys AS k (enterprise_id, user_id, key, request_hash, created_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (enterprise_id, user_id, key)
            DO UPDATE SET request_hash = excluded.request_hash, created_at = excluded.created_at, answer = NULL,
                          memory_ids = NULL
            WHERE k.created_at <= $6";
    const LOOKUP: &str = "-- idempotency_key.lookup
        SELECT request_hash, answer, held_on, held_as, ceiling::text, memory_ids IS NOT NULL AS named
          FROM idempotency_keys WHERE enterprise_id = $1 AND user_id = $2 AND key = $3";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (hash, now) = (key.request.as_slice(), caller.request().at);
    if tx.execute(CLAIM, &[&enterprise, &user, &key.key, &hash, &now, &(now - KEPT_FOR)]).await? == 1 {
        return Ok(None);
    }
    let row = tx.query_one(LOOKUP, &[&enterprise, &user, &key.key]).await?;
    if row.get::<_, &[u8]>("request_hash") != hash {
        return Err(Error::Conflict(
            "this Idempotency-Key was used for another request, choose a new one".to_owned(),
        ));
    }
    check_standing(caller, &row)?;
    match row.get::<_, Option<Value>>("answer") {
        None if row.get("named") => Err(Error::Conflict(
            "something that this Idempotency-Key was answered with was forgotten since, choose a new one"
                .to_owned(),
        )),
        answer => answer.map(Some).ok_or_else(|| corrupt("a kept key has no answer")),
    }
}

/// Refuses a caller with less authority than when the answer was given.
fn check_standing(caller: &AuthContext, row: &Row) -> Result<()> {
    let held_on = row.get::<_, Option<Vec<i64>>>("held_on").unwrap_or_default();
    let held_as = row.get::<_, Option<Vec<&str>>>("held_as").unwrap_or_default();
    let mut kept = true;
    for (scope, role) in held_on.into_iter().zip(held_as) {
        let role: Role = role.parse().map_err(corrupt)?;
        kept &= caller.scope(ScopeId(scope)).is_some_and(|now| now.role >= Some(role));
    }
    if let Some(ceiling) = row.get::<_, Option<&str>>("ceiling") {
        kept &= caller.ceiling() >= ceiling.parse::<Classification>().map_err(corrupt)?;
    }
    kept.then_some(()).ok_or_else(|| {
        Error::Forbidden(
            "this Idempotency-Key was answered when you could do more than now, look up what became of it"
                .to_owned(),
        )
    })
}

/// Stores the answer, with the caller's authority.
async fn keep(tx: &TenantTx<'_>, key: &IdempotencyKey, answer: &Value) -> Result<(), StoreError> {
    const KEEP: &str = "-- idempotency_key.keep
        UPDATE idempotency_keys
           SET answer = $4, held_on = $5, held_as = $6, ceiling = $7::text::classification, memory_ids = $8
         WHERE enterprise_id = $1 AND user_id = $2 AND key = $3";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (held_on, held_as): (Vec<i64>, Vec<&str>) =
        caller.roots().map(|(scope, role)| (scope.0, role.as_str())).unzip();
    let ceiling = caller.ceiling().as_str();
    let mut named = Vec::new();
    memories(answer, &mut named);
    let named = (!named.is_empty()).then_some(named);
    tx.execute(KEEP, &[&enterprise, &user, &key.key, answer, &held_on, &held_as, &ceiling, &named])
        .await
        .map(drop)
}

/// Collects the memories that an answer names.
fn memories(answer: &Value, found: &mut Vec<Uuid>) {
    match answer {
        Value::String(text) if text.starts_with("mem_") => {
            found.extend(text.parse::<MemoryId>().ok().map(MemoryId::uuid));
        }
        Value::Array(values) => values.iter().for_each(|value| memories(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| memories(value, found)),
        _ => {}
    }
}

/// Deletes expired keys while there is time; returns how many.
pub async fn prune(gate: &Gate, has_time: impl Fn() -> bool) -> Result<u64> {
    const PRUNE: &str = "-- idempotency_key.prune
        SELECT mem0.prune_idempotency_keys($1, $2)";
    const MOST: i32 = 1000;
    let mut pruned = 0;
    while has_time() {
        let tx = gate.upkeep("idempotency_key.prune").await?;
        let some: i32 = tx.query_one(PRUNE, &[&(gate.clock.now() - KEPT_FOR), &MOST]).await?.get(0);
        tx.commit().await?;
        pruned += u64::try_from(some).unwrap_or_default();
        if some < MOST {
            break;
        }
    }
    Ok(pruned)
}

fn corrupt(problem: impl ToString) -> Error {
    StoreError::Corrupt { table: "idempotency_keys", column: "answer", problem: problem.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii_of_bounded_length() {
        for key in ["", "a b", "ä", "\u{7f}", &"k".repeat(256)] {
            assert!(IdempotencyKey::new(key, &[]).is_err(), "{key:?}");
        }
        assert!(IdempotencyKey::new(&"k".repeat(255), &[]).is_ok());
    }

    #[test]
    fn the_memories_of_an_answer_are_found_wherever_they_are_named() {
        let (one, two) = (MemoryId::generate(), MemoryId::generate());
        let answer =
            serde_json::json!({ "results": [{ "id": one, "memory": "mem_ory" }], "of": { "existing": two } });
        let mut found = Vec::new();
        memories(&answer, &mut found);
        found.sort_unstable();
        assert_eq!(found, [one.uuid(), two.uuid()]);
    }

    #[test]
    fn parts_of_a_request_do_not_run_together() {
        let request = |parts: &[&[u8]]| IdempotencyKey::new("k", parts).unwrap().request;
        assert_ne!(request(&[b"ab", b"c"]), request(&[b"a", b"bc"]));
        assert_eq!(request(&[b"ab", b"c"]), request(&[b"ab", b"c"]));
    }
}
