//! Promises: work that is written down in the transaction of the change that asks for it, and done later by a worker.
//!
//! A service calls [`promise`] beside its change: both are there or neither is. A worker takes messages up in order
//! ([`claim`]), does what they ask for, and either [`finish`]es them, in the same transaction as the work where that is
//! in the database, or [`fail`]s them. What a message means is not known here: see `jobs::topics`.

mod store;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::ids::EnterpriseId;

/// How long one attempt may take; then somebody else may try.
pub(crate) const LEASE: chrono::TimeDelta = chrono::TimeDelta::minutes(2);

/// Attempts before a message is dead.
pub const MAX_ATTEMPTS: i32 = 10;

/// Work to be done after this change.
#[derive(Debug, Clone)]
pub struct Promise {
    /// What kind of work: one of `jobs::topics`.
    pub topic: &'static str,
    /// What it is about, such as a printed id: messages about one subject are delivered in the order of their commits, one
    /// at a time. Empty when the order does not matter. The transaction must have changed or locked the subject before.
    pub subject: String,
    /// What the work needs to know. Ids rather than texts: it is read when it is done.
    pub payload: Value,
}

/// A message as a worker gets it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Whose work it is; `None` for the installation's own.
    pub enterprise: Option<EnterpriseId>,
    /// Unique, and the same for each attempt: what receivers outside recognize repetitions by.
    pub id: i64,
    /// What kind of work.
    pub topic: String,
    /// What it is about.
    pub subject: String,
    /// What the work needs to know.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: i32,
}

/// A message that came through a queue.
#[derive(Debug, Clone)]
pub struct Received {
    /// The queue's own id of it.
    pub id: String,
    /// Whose work it is; `None` for the installation's own.
    pub enterprise: Option<EnterpriseId>,
    /// What kind of work.
    pub topic: String,
    /// As in [`Promise`].
    pub subject: String,
    /// As in [`Promise`].
    pub payload: Value,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outbox {
    /// Messages to be delivered.
    pub open: i64,
    /// Age of the oldest of them.
    pub oldest_seconds: f64,
    /// Messages that were given up.
    pub dead: i64,
}

/// Promises work on behalf of the caller's enterprise. It is due as soon as the transaction commits.
pub async fn promise(tx: &TenantTx<'_>, promise: &Promise) -> Result<(), StoreError> {
    store::insert(tx, promise, tx.caller().request().at).await
}

/// Takes over messages of a queue; how many are new.
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

/// How the installation itself is called in the column that names the tenant.
fn uuid(enterprise: Option<EnterpriseId>) -> Uuid {
    enterprise.map_or(Uuid::nil(), EnterpriseId::uuid)
}
