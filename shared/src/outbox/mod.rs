//! Promises: work that is recorded in the transaction of the change that requires it, and done later by a worker (a
//! transactional outbox).
//!
//! A service calls [`promise`] together with its change: both are committed or neither is. A worker takes messages in
//! order ([`claim`]), does the work, and either marks them done ([`finish`]), in the same transaction as the work if
//! that is in the database, or as failed ([`fail`]). The meaning of messages is not known here: see `jobs::TOPICS`.

mod store;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::ids::EnterpriseId;

/// How long one attempt may take before another worker may try.
pub(crate) const LEASE: chrono::TimeDelta = chrono::TimeDelta::minutes(2);

/// The number of attempts before a message is dead.
pub const MAX_ATTEMPTS: i32 = 10;

/// Work to be done after a change.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The kind of work: one of `jobs::TOPICS`.
    pub topic: &'static str,
    /// The subject, such as a printed id: messages with the same subject are delivered in the order of their commits,
    /// one at a time. Empty if the order does not matter. The transaction must have changed or locked the subject
    /// before.
    pub subject: String,
    /// The data for the work. It should contain ids rather than texts, which are read when the work is done.
    pub payload: Value,
}

/// A message, as a worker receives it.
#[derive(Debug, Clone)]
pub struct Message {
    /// The tenant that the work is for; `None` for the installation itself.
    pub enterprise: Option<EnterpriseId>,
    /// Unique, and the same for each attempt, so that external receivers can recognize repetitions.
    pub id: i64,
    /// The kind of work.
    pub topic: String,
    /// The subject.
    pub subject: String,
    /// The data for the work.
    pub payload: Value,
    /// The number of this attempt, starting at 1.
    pub attempt: i32,
}

/// A message that came through a queue.
#[derive(Debug, Clone)]
pub struct Received {
    /// The queue's id for it.
    pub id: String,
    /// The tenant that the work is for; `None` for the installation itself.
    pub enterprise: Option<EnterpriseId>,
    /// The kind of work.
    pub topic: String,
    /// As in [`Promise`].
    pub subject: String,
    /// As in [`Promise`].
    pub payload: Value,
}

/// The state of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outbox {
    /// Messages to deliver.
    pub open: i64,
    /// Age of the oldest of them.
    pub oldest_seconds: f64,
    /// Messages that have been given up.
    pub dead: i64,
}

/// Promises work on behalf of the caller's enterprise. It is due as soon as the transaction commits.
pub async fn promise(tx: &TenantTx<'_>, promise: &Promise) -> Result<(), StoreError> {
    store::insert(tx, promise, tx.caller().request().at).await
}

/// Stores messages from a queue; returns how many are new.
pub(crate) async fn receive(
    tx: &UpkeepTx,
    messages: &[Received],
    at: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let mut new = 0;
    for message in messages {
        new += usize::from(store::receive(tx, message, at).await?);
    }
    Ok(new)
}

pub(crate) use store::{claim, fail, finish, prune, state};

/// The value for the installation itself in the column that names the tenant.
fn uuid(enterprise: Option<EnterpriseId>) -> Uuid {
    enterprise.map_or(Uuid::nil(), EnterpriseId::uuid)
}
