//! The audit log: who did, read or was refused what.
//!
//! A change's row is written in the transaction that makes it ([`record`]); a read's row in the transaction that reads,
//! together with its end ([`commit_read`]), so that nothing is shown without it. What was refused left no transaction
//! behind and gets one of its own ([`refusal`]). Rows are appended and never changed: grants and triggers refuse
//! anything else, and a chain of hashes ([`chain`]) tells when somebody did it all the same.

pub mod chain;
mod entry;
pub mod place;
pub mod query;
pub mod refusal;
pub mod settings;
mod store;
mod tags;

pub use entry::{Actor, Entry};

use serde_json::json;

use crate::access::{AuthContext, IdentityTx, RequestInfo, TenantTx};
use crate::db::StoreError;
use crate::ids::{EnterpriseId, LinkId, MemoryId, UserId};

/// Memories that one row of a change of many names.
const ROW_MEMORIES: usize = 1000;

/// Records what the transaction's caller does.
pub async fn record(tx: &TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    let caller = tx.caller();
    store::insert(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records a change of however many memories: a row for every thousand of them, numbered if there are several, and one if there
/// are none.
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

/// Records what the transaction's caller is shown and ends the transaction, in one round trip. How certain the row is
/// after a crash is the enterprise's policy ([`settings::Reads`]).
pub async fn commit_read(tx: TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    let caller = tx.caller();
    store::insert_and_commit(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records what a caller does to accounts and credentials.
pub async fn record_as(tx: &IdentityTx, caller: &AuthContext, entry: Entry) -> Result<(), StoreError> {
    store::insert(tx, &Actor::caller(caller), caller.request(), &entry.placed(caller)).await
}

/// Records what sign-in does for an account, before there is a caller.
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
