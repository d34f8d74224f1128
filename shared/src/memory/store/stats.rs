//! Counts of memories.

use crate::access::{ReadableScope, TenantTx};
use crate::db::StoreError;
use crate::memory::Stats;
use crate::memory::store::condition::Condition;

const ADD_EVENTS: &str = "-- event.count_adds
    SELECT count(*) FROM events e
     WHERE e.enterprise_id = $1 AND e.user_id = $2 AND e.event_type = 'ADD'
       -- Earlier events do not say where they were.
       AND coalesce(e.scope_ids && $3, true)
       AND mem0.reaches_event($1, e.scope_ids, e.classification, $4)";

/// Counts the memories that match the condition, their labels, and the caller's additions to these scopes that are within
/// reach of their credential.
pub(crate) async fn count(
    tx: &TenantTx<'_>,
    condition: &Condition,
    scopes: &[&ReadableScope],
) -> Result<Stats, StoreError> {
    let sql = format!(
        "-- memory.stats
        SELECT count(*), count(DISTINCT m.user_id), count(DISTINCT m.agent_id), count(DISTINCT m.app_id),
               count(DISTINCT m.run_id), count(m.user_id), count(m.agent_id), count(m.app_id), count(m.run_id)
          FROM memories m WHERE {}",
        condition.holds_in_scopes()
    );
    let caller = tx.caller();
    let rows = condition.query(tx, &sql).await?;
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let scopes: Vec<i64> = scopes.iter().map(|scope| scope.id.0).collect();
    let adds = tx.query_one(ADD_EVENTS, &[&enterprise, &user, &scopes, &caller.within()]).await?;
    let at = |index: usize| rows.first().map_or(0, |row| row.get::<_, i64>(index).unsigned_abs());
    Ok(Stats {
        memories: at(0),
        users: at(1),
        agents: at(2),
        apps: at(3),
        runs: at(4),
        with_user: at(5),
        with_agent: at(6),
        with_app: at(7),
        with_run: at(8),
        add_events: adds.get::<_, i64>(0).unsigned_abs(),
    })
}
