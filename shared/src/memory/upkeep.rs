//! Work that keeps searches quick, on a schedule.

use crate::access::Gate;
use crate::error::Result;

const REVIEW: &str = "-- scope.review_tiers
    SELECT mem0.review_tiers()";

const MOVE: &str = "-- scope.move_tier
    SELECT mem0.move_tier()";

/// Recounts the scopes of all tenants and moves those that have outgrown exact search to the approximate index, or
/// back; how many began to. In short transactions, idempotent, and safe beside searches and writes.
pub async fn retier_scopes(gate: &Gate) -> Result<i32> {
    let tx = gate.upkeep("memory.review_tiers").await?;
    let changed = tx.query_one(REVIEW, &[]).await?.get(0);
    tx.commit().await?;
    loop {
        let tx = gate.upkeep("memory.move_tier").await?;
        let more: bool = tx.query_one(MOVE, &[]).await?.get(0);
        tx.commit().await?;
        if !more {
            return Ok(changed);
        }
    }
}
