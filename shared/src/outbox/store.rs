//! The table `outbox`. Requests insert; SQL functions do everything else, because row-level security shows no tenant's
//! rows to upkeep.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{LEASE, MAX_ATTEMPTS, Message, Outbox, Promise, Received, uuid};
use crate::access::{TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::ids::EnterpriseId;

const INSERT: &str = "-- outbox.insert
    INSERT INTO outbox (enterprise_id, topic, subject, payload, promised_at, due_at) VALUES ($1, $2, $3, $4, $5, $5)";

const RECEIVE: &str = "-- outbox.receive
    SELECT mem0.receive_message($1, $2, $3, $4, $5, $6)";

const CLAIM: &str = "-- outbox.claim
    SELECT c.enterprise_id, c.id, c.topic, c.subject, c.payload, c.attempts
      FROM mem0.claim_message($1, make_interval(secs => $2), $3) c";

const FINISH: &str = "-- outbox.finish
    SELECT mem0.finish_message($1, $2, $3, $4)";

const FAIL: &str = "-- outbox.fail
    SELECT mem0.fail_message($1, $2, $3, $4, $5, $6)";

const STATE: &str = "-- outbox.state
    SELECT s.open, s.oldest_seconds, s.dead FROM mem0.outbox_state($1) s";

const PRUNE: &str = "-- outbox.prune
    SELECT mem0.prune_outbox($1)";

pub(super) async fn insert(
    tx: &TenantTx<'_>,
    promise: &Promise,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Promise { topic, subject, payload } = promise;
    let enterprise = tx.caller().enterprise_id().uuid();
    tx.execute(INSERT, &[&enterprise, topic, subject, payload, &at]).await.map(drop)
}

pub(super) async fn receive(
    tx: &UpkeepTx,
    message: &Received,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Received { id, enterprise, topic, subject, payload } = message;
    let row = tx.query_one(RECEIVE, &[&uuid(*enterprise), topic, subject, payload, id, &at]).await?;
    Ok(row.get(0))
}

/// Claims the first message that is due, exclusively until its lease ends.
pub(crate) async fn claim(tx: &UpkeepTx, at: DateTime<Utc>) -> Result<Option<Message>, StoreError> {
    #[allow(clippy::cast_precision_loss, reason = "minutes")]
    let lease = LEASE.num_seconds() as f64;
    let row = tx.query_opt(CLAIM, &[&at, &lease, &MAX_ATTEMPTS]).await?;
    Ok(row.map(|row| {
        let enterprise: uuid::Uuid = row.get("enterprise_id");
        Message {
            enterprise: (!enterprise.is_nil()).then_some(EnterpriseId(enterprise)),
            id: row.get("id"),
            topic: row.get("topic"),
            subject: row.get("subject"),
            payload: row.get::<_, Value>("payload"),
            attempt: row.get("attempts"),
        }
    }))
}

/// Marks a message as done; returns false if this attempt's lease had ended and another worker claimed the message.
pub(crate) async fn finish(tx: &UpkeepTx, message: &Message, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let Message { enterprise, id, attempt, .. } = message;
    Ok(tx.query_one(FINISH, &[&uuid(*enterprise), id, attempt, &at]).await?.get(0))
}

/// Records a failed attempt. The message is due again at `again`, or never if it is `None`.
pub(crate) async fn fail(
    tx: &UpkeepTx,
    message: &Message,
    reason: &str,
    again: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Message { enterprise, id, attempt, .. } = message;
    tx.query_one(FAIL, &[&uuid(*enterprise), id, attempt, &reason, &again, &at]).await.map(drop)
}

/// Returns the state of the outbox.
pub(crate) async fn state(tx: &UpkeepTx, at: DateTime<Utc>) -> Result<Outbox, StoreError> {
    let row = tx.query_one(STATE, &[&at]).await?;
    Ok(Outbox { open: row.get("open"), oldest_seconds: row.get("oldest_seconds"), dead: row.get("dead") })
}

/// Deletes some messages that were finished before the given time; returns how many.
pub(crate) async fn prune(tx: &UpkeepTx, before: DateTime<Utc>) -> Result<i32, StoreError> {
    Ok(tx.query_one(PRUNE, &[&before]).await?.get(0))
}
