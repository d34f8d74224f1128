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
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM mem0.read_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                           $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28) m";

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
    let rows = caller.confirm(db.query_alone("memory.read", READ_KNOWN, &params).await, false)?;
    let there = rows.first().filter(|row| row.get::<_, Option<Uuid>>("id").is_some());
    if there.is_some() {
        crate::telemetry::audited();
    }
    Ok(Some(there.map(row::memory).transpose()?))
}
