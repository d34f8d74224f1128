//! Names by prefix.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::memory::Suggest;
use crate::memory::filter::Entity;
use crate::memory::store::condition::Condition;

/// Lists the names of memories that match the condition.
pub(crate) async fn list(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    what: Suggest,
    typed: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let named = match what {
        Suggest::Entity(Entity::User) => "(VALUES (m.user_id))",
        Suggest::Entity(Entity::Agent) => "(VALUES (m.agent_id))",
        Suggest::Entity(Entity::App) => "(VALUES (m.app_id))",
        Suggest::Entity(Entity::Run) => "(VALUES (m.run_id))",
        Suggest::Category => "unnest(m.categories)",
    };
    let (typed, limit) =
        (condition.bind(typed.to_owned(), "text"), condition.bind(i64::from(limit), "bigint"));
    let sql = format!(
        "-- memory.suggest
        SELECT n.name
          FROM memories m CROSS JOIN LATERAL {named} n (name)
         WHERE {} AND starts_with(lower(n.name), lower({typed}))
         GROUP BY n.name
         ORDER BY count(*) DESC, n.name
         LIMIT {limit}",
        condition.holds_in_scopes()
    );
    Ok(condition.query(tx, &sql).await?.iter().map(|row| row.get(0)).collect())
}
