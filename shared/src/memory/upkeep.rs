//! Work that keeps searches quick, on a schedule.

use crate::access::Gate;
use crate::error::Result;

/// Recounts the scopes of all tenants and moves those that have outgrown exact search to the approximate index, or
/// back; how many changed. Idempotent, and safe beside searches and writes.
pub async fn retier_scopes(gate: &Gate) -> Result<i32> {
    const RETIER: &str = "-- scope.retier
        SELECT mem0.retier_scopes()";
    let tx = gate.upkeep("memory.retier_scopes").await?;
    let changed = tx.query_one(RETIER, &[]).await?.get(0);
    tx.commit().await?;
    Ok(changed)
}
