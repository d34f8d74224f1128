//! Scheduled maintenance that keeps searches fast.

use crate::access::Gate;
use crate::error::Result;

const REVIEW: &str = "-- scope.review_tiers
    SELECT changed, more FROM mem0.review_tiers()";

const MOVE: &str = "-- scope.move_tier
    SELECT mem0.move_tier()";

const PACK: &str = "-- search.pack_vectors
    SELECT mem0.pack_vectors()";

const SAMPLE: &str = "-- search.sample_terms
    SELECT mem0.sample_terms()";

/// Tallies what has changed in the scopes of all tenants, and moves those that have outgrown exact search to the
/// approximate index, or back; then packs the vectors of larger scopes into blocks. Returns how many scopes began to
/// move. Works in short transactions, is idempotent and safe to run alongside searches and writes, and costs in
/// proportion to what has changed, not to what is stored.
pub async fn retier_scopes(gate: &Gate) -> Result<i32> {
    let mut changed = 0;
    loop {
        let tx = gate.upkeep("memory.review_tiers").await?;
        let row = tx.query_one(REVIEW, &[]).await?;
        tx.commit().await?;
        changed += row.get::<_, i32>("changed");
        if !row.get::<_, bool>("more") {
            break;
        }
    }
    while step(gate, "memory.move_tier", MOVE).await? {}
    while step(gate, "search.pack_vectors", PACK).await? {}
    Ok(changed)
}

/// Samples anew the terms of tenants that have changed much, as tallied by [`retier_scopes`]. Returns how many samples
/// were taken.
pub async fn sample_terms(gate: &Gate) -> Result<u64> {
    let mut sampled = 0;
    while step(gate, "search.sample_terms", SAMPLE).await? {
        sampled += 1;
    }
    Ok(sampled)
}

/// Runs one short transaction, and returns whether there may be more to do.
async fn step(gate: &Gate, name: &'static str, statement: &'static str) -> Result<bool> {
    let tx = gate.upkeep(name).await?;
    let more = tx.query_one(statement, &[]).await?.get(0);
    tx.commit().await?;
    Ok(more)
}
