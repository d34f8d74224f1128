//! Memories by their ids.

use crate::access::{PendingTx, TenantTx};
use crate::db::StoreError;
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::memory::store::row;

const LOOKUP: &str = "-- memory.lookup
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM memories m
     WHERE m.enterprise_id = $1 AND m.id = $2 AND m.deleted_at IS NULL";

const LOOKUP_ALL: &str = "-- memory.lookup_all
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM memories m
     WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL";

const LOOKUP_DELETED: &str = "-- memory.lookup_deleted
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM memories m
     WHERE m.enterprise_id = $1 AND m.id = $2 AND m.deleted_at IS NOT NULL";

const LOCK: &str = "-- memory.lock
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM memories m
     WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
     ORDER BY m.id
       FOR UPDATE";

const LINKED: &str = "-- memory.find_linked
    SELECT m.id FROM mem0.linked($2) l (id) JOIN memories m ON m.enterprise_id = $1 AND m.id = l.id";

/// Looks up a memory that has not been forgotten, expired or not.
pub(crate) async fn lookup(tx: &TenantTx<'_>, id: MemoryId) -> Result<Option<Memory>, StoreError> {
    let row = tx.query_opt(LOOKUP, &[&tx.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    row.as_ref().map(row::memory).transpose()
}

/// Does the same as the first query of a transaction, which saves a round trip.
pub(crate) async fn lookup_first(tx: &mut PendingTx<'_>, id: MemoryId) -> Result<Option<Memory>, StoreError> {
    let enterprise = tx.caller().enterprise_id().uuid();
    let rows = tx.query(LOOKUP, &[&enterprise, &id.uuid()], true).await?;
    rows.first().map(row::memory).transpose()
}

/// Looks up a memory that has been forgotten.
pub(crate) async fn lookup_deleted(tx: &TenantTx<'_>, id: MemoryId) -> Result<Option<Memory>, StoreError> {
    let row = tx.query_opt(LOOKUP_DELETED, &[&tx.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    row.as_ref().map(row::memory).transpose()
}

/// Returns those of the memories that have not been forgotten, in no particular order.
pub(crate) async fn lookup_all(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<Vec<Memory>, StoreError> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.query(LOOKUP_ALL, &[&tx.caller().enterprise_id().uuid(), &ids])
        .await?
        .iter()
        .map(row::memory)
        .collect()
}

/// Returns those of the memories that have not been forgotten, locked until the transaction ends. Locks are taken in
/// the order of ids, so that two requests cannot deadlock.
pub(crate) async fn lock(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<Vec<Memory>, StoreError> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(LOCK, &[&tx.caller().enterprise_id().uuid(), &ids]).await?;
    rows.iter().map(row::memory).collect()
}

/// Returns those of the memories that this one superseded, directly or through others, that the caller sees.
pub(crate) async fn linked(tx: &TenantTx<'_>, id: MemoryId) -> Result<Vec<MemoryId>, StoreError> {
    let rows = tx.query(LINKED, &[&tx.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    Ok(rows.iter().map(|row| MemoryId(row.get("id"))).collect())
}
