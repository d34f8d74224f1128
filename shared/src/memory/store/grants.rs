//! What shares allow the caller, and who sees a memory through its scopes.

use std::collections::HashMap;

use uuid::Uuid;

use crate::access::{ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::Permission;

/// The most that any share which reaches the caller allows, for those of the memories that one does.
pub(crate) async fn granted(
    tx: &TenantTx<'_>,
    ids: &[MemoryId],
) -> Result<HashMap<MemoryId, Permission>, StoreError> {
    const GRANTED: &str = "-- share.list_granted
        SELECT g.memory_id, g.permission FROM mem0.granted($1) g";
    let corrupt = |problem| StoreError::Corrupt { table: "shares", column: "permission", problem };
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(GRANTED, &[&ids]).await?;
    rows.iter()
        .map(|row| Ok((MemoryId(row.get(0)), row.get::<_, &str>(1).parse().map_err(corrupt)?)))
        .collect()
}

/// What kinds of scopes these are.
pub(crate) async fn kinds(tx: &TenantTx<'_>, scopes: &[ScopeId]) -> Result<Vec<ScopeKind>, StoreError> {
    const KINDS: &str = "-- scope.list_kinds
        SELECT DISTINCT kind FROM scopes WHERE enterprise_id = $1 AND id = ANY ($2)";
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    let ids: Vec<i64> = scopes.iter().map(|id| id.0).collect();
    let rows = tx.query(KINDS, &[&tx.caller().enterprise_id().uuid(), &ids]).await?;
    rows.iter().map(|row| row.get::<_, &str>(0).parse().map_err(corrupt)).collect()
}
