//! A memory for a known caller: the caller is checked, the memory is read and recorded by one statement. Those of a tenant
//! at the same time share a transaction (`docs/adr/0028-shared-reads.md`).

use std::sync::Arc;

use chrono::NaiveDate;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::access::{AuthContext, KnownBinding, ScopeKind, ScopeName};
use crate::audit::ReadRow;
use crate::db::{Database, Parameters, StoreError, Together};
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::memory::store::row;

const READ_KNOWN: &str = "-- memory.read_known
    SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
           m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
           m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
      FROM mem0.read_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                           $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28) m";

/// How known callers read a memory.
pub(crate) fn reading() -> Together<Read> {
    Together::new(READ_KNOWN)
}

/// The parameters of [`READ_KNOWN`].
pub(crate) struct Read {
    binding: Arc<KnownBinding>,
    memory: Uuid,
    day: NaiveDate,
    entry: ReadRow,
    /// The caller's personal scope.
    own: Option<i64>,
}

impl Parameters for Read {
    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let what: [&(dyn ToSql + Sync); 2] = [&self.memory, &self.day];
        let (who, entry) = (self.binding.parameters(), self.entry.parameters());
        who.into_iter().chain(what).chain(entry).chain([&self.own as _]).collect()
    }
}

/// Returns a memory that has neither been forgotten nor expired, and records that it was shown; `None` if the caller does
/// not see it. The outer `None` is for callers who need no proof any more: nothing was read.
pub(crate) async fn read(
    db: &Database,
    reading: &Together<Read>,
    caller: &AuthContext,
    id: MemoryId,
) -> Result<Option<Option<Memory>>, StoreError> {
    let Some(binding) = caller.known_binding().map(Arc::new) else { return Ok(None) };
    let own = caller.resolve(ScopeName::Personal).ok().filter(|scope| scope.kind == ScopeKind::User);
    let read = || Read {
        binding: Arc::clone(&binding),
        memory: id.uuid(),
        day: caller.request().at.date_naive(),
        entry: ReadRow::new(caller, "memory.read", id),
        own: own.map(|scope| scope.id.0),
    };
    let rows = caller.confirm(reading.query(db, caller.enterprise_id().uuid(), read).await, false)?;
    let there = rows.first().filter(|row| row.get::<_, Option<Uuid>>("id").is_some());
    if there.is_some() {
        crate::telemetry::audited();
    }
    Ok(Some(there.map(row::memory).transpose()?))
}
