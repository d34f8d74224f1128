//! The audit log: who did or read what, and what they were refused.
//!
//! The row for a change is written in the transaction that makes it ([`record`]); the row for a read is written in the
//! transaction that reads, together with its commit ([`commit_read`]), so that nothing is shown without it. A refusal
//! leaves no transaction behind and gets one of its own ([`refusal`]). Rows are appended and never changed: privileges
//! and triggers refuse anything else, and a chain of hashes ([`chain`]) reveals whether somebody changed them anyway.

mod actions;
pub mod chain;
mod entry;
pub mod place;
pub mod query;
pub mod refusal;
pub mod settings;
mod store;
mod tags;

pub use entry::{Actor, Entry};
pub(crate) use store::{INSERT_KNOWN, ReadRow};

use serde_json::json;

use crate::access::{Action, AuthContext, IdentityTx, ReadableScope, RequestInfo, TenantTx};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, LinkId, MemoryId, UserId};

/// The maximum number of memories that one row of a bulk change names.
const ROW_MEMORIES: usize = 1000;

/// Checks that the caller may do this to the log, which is about the whole enterprise; returns the enterprise's scope.
fn authorize(ctx: &AuthContext, action: Action) -> Result<&ReadableScope> {
    let root = ctx.enterprise().map_err(|_| {
        Error::Forbidden(
            "the audit log is about the whole enterprise, which this credential does not reach".to_owned(),
        )
    })?;
    ctx.authorize(action, root)?;
    Ok(root)
}

/// Records an action of the transaction's caller.
pub async fn record(tx: &TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    let caller = tx.caller();
    store::insert(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records a change of any number of memories: one row per thousand, numbered if there is more than one, and a single
/// row if there are no memories.
pub async fn record_many(tx: &TenantTx<'_>, entry: &Entry, memories: &[MemoryId]) -> Result<(), StoreError> {
    let parts = memories.len().div_ceil(ROW_MEMORIES);
    if parts <= 1 {
        return record(tx, entry.clone().memories(memories.iter().copied())).await;
    }
    for (index, part) in memories.chunks(ROW_MEMORIES).enumerate() {
        let mut row = entry.clone().memories(part.iter().copied());
        row.details["part"] = json!({ "number": index + 1, "of": parts });
        record(tx, row).await?;
    }
    Ok(())
}

/// Records what the transaction's caller is shown and commits, in one round trip. How durable the row is depends on the
/// enterprise's policy ([`settings::Reads`]).
pub async fn commit_read(tx: TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    let caller = tx.caller();
    store::insert_and_commit(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records an action of a caller on accounts and credentials.
pub async fn record_as(tx: &IdentityTx, caller: &AuthContext, entry: Entry) -> Result<(), StoreError> {
    store::insert(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records a sign-in action for an account, before there is a caller.
pub async fn record_sign_in(
    tx: &IdentityTx,
    request: &RequestInfo,
    enterprise: EnterpriseId,
    user: Option<UserId>,
    entry: Entry,
) -> Result<(), StoreError> {
    store::insert(tx, &Actor::unproven(enterprise, user), request, &entry).await
}

/// Records that somebody without an account opened a link.
pub async fn record_link(
    tx: &IdentityTx,
    request: &RequestInfo,
    enterprise: EnterpriseId,
    link: LinkId,
    entry: Entry,
) -> Result<(), StoreError> {
    store::insert(tx, &Actor::anonymous(enterprise, link), request, &entry).await
}
