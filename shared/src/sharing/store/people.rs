//! The people who see a memory.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId, UserId};
use crate::sharing::access::Person;

/// Active accounts that see a memory in any of its scopes, and in which: a person in their own, everyone in the public one,
/// and in another whoever holds a role on it, above it, or on something below it.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    memory: MemoryId,
    home: ScopeId,
    most: i64,
) -> Result<Vec<Person>, StoreError> {
    const LIST: &str = "-- memory.list_people
        WITH seen AS (
            SELECT s.id, s.kind, s.path, n.name,
                   CASE s.kind WHEN 'user' THEN 'personal' ELSE s.kind END || coalesce(' ' || n.name, '') AS label
              FROM memories m
              JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = ANY (m.scope_ids)
              LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
             WHERE m.enterprise_id = $1 AND m.id = $2
        ), readers AS (
            SELECT u.id, seen.label, seen.id = $3 AS home
              FROM seen JOIN users u ON u.enterprise_id = $1 AND u.scope_id = seen.id
            UNION
            SELECT u.id, seen.label, seen.id = $3
              FROM seen JOIN users u ON u.enterprise_id = $1 AND seen.kind = 'public'
            UNION
            SELECT h.user_id, seen.label, seen.id = $3
              FROM seen
              JOIN scopes at ON at.enterprise_id = $1 AND at.kind <> 'user'
                            AND (at.id = ANY (seen.path) OR seen.id = ANY (at.path))
              JOIN mem0.held_roles h ON h.enterprise_id = $1 AND h.scope_id = at.id
             WHERE seen.kind NOT IN ('user', 'public')
        )
        SELECT u.id, u.display_name, array_agg(r.label ORDER BY r.home DESC, r.label) AS via
          FROM readers r
          JOIN users u ON u.enterprise_id = $1 AND u.id = r.id AND u.status = 'active'
         GROUP BY u.id, u.display_name, u.created_at
         ORDER BY u.created_at, u.id
         LIMIT $4";
    let rows = tx.query(LIST, &[&tx.caller().enterprise_id().uuid(), &memory.uuid(), &home.0, &most]).await?;
    let person = |row: &tokio_postgres::Row| Person {
        user_id: UserId(row.get("id")),
        name: row.get("display_name"),
        via: row.get("via"),
    };
    Ok(rows.iter().map(person).collect())
}
