//! Soft deletion: memories are marked as deleted, each with a final version. A trigger deletes the projection's rows in
//! the same transaction.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::store::condition::Condition;
use crate::memory::store::row::classification;

/// Maximum number of memories per statement of a sweep, so that none runs long.
const BATCH: i64 = 1000;

const DELETE: &str = "-- memory.delete
    WITH gone AS (
        UPDATE memories m SET deleted_at = $3, updated_at = $3, version = m.version + 1
         WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
        RETURNING m.id, m.version, m.content, m.metadata, m.categories, m.classification)
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, metadata, categories,
                                 editor_id, at, classification)
    SELECT $1, g.id, g.version, gen_random_uuid(), 'DELETE', g.content, g.metadata, g.categories, $4, $3, g.classification
      FROM gone g";

/// Forgets these memories, and returns how many there were.
pub(crate) async fn delete(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<u64, StoreError> {
    let caller = tx.caller();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let (enterprise, editor) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tx.execute(DELETE, &[&enterprise, &ids, &caller.request().at, &editor]).await
}

/// Locks these memories, which are about to be forgotten, with everything that superseded them or was superseded by them,
/// until the transaction ends. So what is released is left to a successor that stays.
pub(crate) async fn hold_succession(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<(), StoreError> {
    const HOLD: &str = "-- memory.hold_succession
        SELECT mem0.hold_succession($1)";
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.execute(HOLD, &[&ids]).await.map(drop)
}

/// A memory that is no longer superseded by one that was forgotten, for those who saw that.
pub(crate) struct Released {
    pub(crate) id: MemoryId,
    pub(crate) home: ScopeId,
    pub(crate) classification: Classification,
    pub(crate) version: i32,
    /// The latest that supersedes it; nothing if it is current again.
    pub(crate) replaced_by: Option<MemoryId>,
}

/// Releases what these forgotten memories superseded, wherever it lives, each with a version.
pub(crate) async fn release(tx: &TenantTx<'_>, forgotten: &[MemoryId]) -> Result<Vec<Released>, StoreError> {
    const RELEASE: &str = "-- memory.release_superseded
        SELECT r.id, r.home_scope_id, r.version, r.classification, r.replaced_by
          FROM mem0.release_superseded($1, $2, $3) r";
    let caller = tx.caller();
    let ids: Vec<Uuid> = forgotten.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(RELEASE, &[&ids, &caller.user_id().uuid(), &caller.request().at]).await?;
    let released = |row: &Row| {
        Ok(Released {
            id: MemoryId(row.get("id")),
            home: ScopeId(row.get("home_scope_id")),
            classification: classification(row, "memories")?,
            version: row.get("version"),
            replaced_by: row.get::<_, Option<Uuid>>("replaced_by").map(MemoryId),
        })
    };
    rows.iter().map(released).collect()
}

/// Returns how many memories [`delete_where`] would forget.
pub(crate) async fn count_where(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    home: ScopeId,
    only_own: bool,
) -> Result<u64, StoreError> {
    let editor = condition.bind(tx.caller().user_id().uuid(), "uuid");
    let home = condition.bind(home.0, "bigint");
    let own =
        if only_own { format!("AND m.author_id = {editor}") } else { format!("AND {editor} IS NOT NULL") };
    let sql = format!(
        "-- memory.count_where
        SELECT count(*) FROM memories m
         WHERE {} AND $2::bigint[] IS NOT NULL AND m.home_scope_id = {home} {own}",
        condition.holds()
    );
    let rows = condition.query(tx, &sql).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}

/// Forgets the memories of a home that match the condition, in bounded statements. Returns them with their highest
/// class. `only_own` spares what others added.
pub(crate) async fn delete_where(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    home: ScopeId,
    only_own: bool,
) -> Result<Gone, StoreError> {
    let caller = tx.caller();
    let now = condition.bind(caller.request().at, "timestamptz");
    let editor = condition.bind(caller.user_id().uuid(), "uuid");
    let home = condition.bind(home.0, "bigint");
    let own = if only_own { format!("AND m.author_id = {editor}") } else { String::new() };
    let sql = format!(
        "-- memory.delete_where
        WITH doomed AS (
            SELECT m.id FROM memories m
             WHERE {} AND $2::bigint[] IS NOT NULL AND m.home_scope_id = {home} {own}
             ORDER BY m.id LIMIT {BATCH} FOR UPDATE
        ), gone AS (
            UPDATE memories m SET deleted_at = {now}, updated_at = {now}, version = m.version + 1
              FROM doomed d WHERE m.enterprise_id = $1 AND m.id = d.id
            RETURNING m.id, m.version, m.content, m.metadata, m.categories, m.classification
        ), noted AS (
            INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, metadata,
                                         categories, editor_id, at, classification)
            SELECT $1, g.id, g.version, gen_random_uuid(), 'DELETE', g.content, g.metadata, g.categories,
                   {editor}, {now}, g.classification
              FROM gone g
        )
        SELECT coalesce(array_agg(g.id ORDER BY g.id), '{{}}') AS ids, max(g.classification)::text AS class FROM gone g",
        condition.holds()
    );
    let corrupt = |problem| StoreError::Corrupt { table: "memories", column: "classification", problem };
    let mut gone = Gone::default();
    loop {
        let rows = condition.query(tx, &sql).await?;
        let Some(row) = rows.first() else { return Ok(gone) };
        let (ids, class): (Vec<Uuid>, Option<&str>) = (row.get("ids"), row.get("class"));
        let class = class.map(str::parse).transpose().map_err(corrupt)?;
        gone.class = gone.class.max(class);
        let last = ids.len() < BATCH as usize;
        gone.ids.extend(ids.into_iter().map(MemoryId));
        if last {
            return Ok(gone);
        }
    }
}

/// What a sweep deleted.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// The deleted memories.
    pub(crate) ids: Vec<MemoryId>,
    /// Their highest class; `None` if there are none.
    pub(crate) class: Option<Classification>,
}
