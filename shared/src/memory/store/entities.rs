//! Labels, with counts of the memories that have them.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::memory::filter::Entity;
use crate::memory::store::condition::Condition;
use crate::memory::{Entities, NamedEntity};
use crate::page::Page;

/// Lists a page of the labels of memories that match the condition, with the number of labels of each kind.
pub(crate) async fn list(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    page: Page,
) -> Result<Entities, StoreError> {
    let (limit, offset) =
        (condition.bind(i64::from(page.size), "bigint"), condition.bind(page.offset(), "bigint"));
    let sql = format!(
        "-- entity.list
        WITH named AS MATERIALIZED (
            SELECT e.kind, e.name, count(*) AS memories, min(m.created_at) AS created_at,
                   max(m.updated_at) AS updated_at
              FROM memories m CROSS JOIN LATERAL (
                   VALUES (0, m.user_id), (1, m.agent_id), (2, m.app_id), (3, m.run_id)) e (kind, name)
             WHERE {} AND e.name IS NOT NULL
             GROUP BY e.kind, e.name
        ), totals AS (
            SELECT count(*) FILTER (WHERE kind = 0) AS users, count(*) FILTER (WHERE kind = 1) AS agents,
                   count(*) FILTER (WHERE kind = 2) AS apps, count(*) FILTER (WHERE kind = 3) AS runs
              FROM named
        )
        SELECT t.users, t.agents, t.apps, t.runs, n.kind, n.name, n.memories, n.created_at, n.updated_at
          FROM totals t
          LEFT JOIN (SELECT * FROM named ORDER BY kind, name LIMIT {limit} OFFSET {offset}) n ON true
         ORDER BY n.kind, n.name",
        condition.holds_in_scopes()
    );
    let rows = condition.query(tx, &sql).await?;
    let count = |row: &tokio_postgres::Row, column| row.get::<_, i64>(column).unsigned_abs();
    let mut entities = match rows.first() {
        Some(row) => Entities {
            entities: Vec::new(),
            users: count(row, "users"),
            agents: count(row, "agents"),
            apps: count(row, "apps"),
            runs: count(row, "runs"),
        },
        None => Entities::default(),
    };
    for row in &rows {
        let kind = match row.get::<_, Option<i32>>("kind") {
            Some(0) => Entity::User,
            Some(1) => Entity::Agent,
            Some(2) => Entity::App,
            Some(_) => Entity::Run,
            None => continue,
        };
        entities.entities.push(NamedEntity {
            kind,
            name: row.get("name"),
            memories: count(row, "memories"),
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
        });
    }
    Ok(entities)
}
