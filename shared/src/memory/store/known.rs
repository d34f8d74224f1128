//! A memory for a known caller: the caller is checked, the memory is read and recorded by one statement, a transaction of
//! its own.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::access::{AuthContext, ScopeKind, ScopeName};
use crate::audit::ReadRow;
use crate::db::{Database, StoreError};
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::memory::store::row;

const READ_KNOWN: &str = "-- memory.read_known
    SELECT id, author_id, home_scope_id, scope_ids, content, metadata, categories, user_id, agent_id, app_id, run_id,
           lifecycle, replaced_by, replaced_until, occurred_at, expires_on, version, created_at, updated_at, classification
      FROM mem0.read_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                           $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)";

/// Returns a memory that has neither been forgotten nor expired, and records that it was shown; `None` if the caller does
/// not see it. The outer `None` is for callers who need no proof any more: nothing was read.
pub(crate) async fn read(
    db: &Database,
    caller: &AuthContext,
    id: MemoryId,
) -> Result<Option<Option<Memory>>, StoreError> {
    let Some(binding) = caller.known_binding() else { return Ok(None) };
    let entry = ReadRow::new(caller, "memory.read", id);
    let (memory, day) = (id.uuid(), caller.request().at.date_naive());
    let own = caller.resolve(ScopeName::Personal).ok().filter(|scope| scope.kind == ScopeKind::User);
    let own = own.map(|scope| scope.id.0);
    let what: [&(dyn ToSql + Sync); 2] = [&memory, &day];
    let params: Vec<&(dyn ToSql + Sync)> =
        binding.parameters().into_iter().chain(what).chain(entry.parameters()).chain([&own as _]).collect();
    let rows = caller.confirm(db.query_alone("memory.read", READ_KNOWN, &params).await)?;
    let there = rows.first().filter(|row| row.get::<_, Option<Uuid>>("id").is_some());
    if there.is_some() {
        crate::telemetry::audited();
    }
    Ok(Some(there.map(|row| row::memory(row, day)).transpose()?))
}
