//! Forgotten memories: marked, with a last version each. The projection's rows go by trigger in the same transaction.

use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::store::condition::Condition;

/// How many memories one statement of a sweep takes, so that none runs long.
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

/// Forgets these memories; how many there were.
pub(crate) async fn delete(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<u64, StoreError> {
    let caller = tx.caller();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let (enterprise, editor) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tx.execute(DELETE, &[&enterprise, &ids, &caller.request().at, &editor]).await
}

/// How many [`delete_where`] would forget.
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

/// Forgets whatever lives in a scope and the condition holds for, in bounded statements; how many there were.
/// `only_own` leaves out what others added.
pub(crate) async fn delete_where(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    home: ScopeId,
    only_own: bool,
) -> Result<u64, StoreError> {
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
        SELECT count(*) FROM gone",
        condition.holds()
    );
    let mut total = 0;
    loop {
        let rows = condition.query(tx, &sql).await?;
        let count: i64 = rows.first().map_or(0, |row| row.get(0));
        total += count.unsigned_abs();
        if count < BATCH {
            return Ok(total);
        }
    }
}
