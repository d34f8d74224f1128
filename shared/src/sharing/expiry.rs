//! Cleanup of expired shares. They have no effect from the moment they expire; this only marks them as ended, so that
//! row-level security need not check again.

use crate::access::Gate;
use crate::error::Result;

/// Maximum number of shares ended per transaction.
const BATCH: i32 = 200;

const EXPIRE: &str = "-- share.expire
    SELECT mem0.expire_shares($1, $2)";

/// Ends one batch of expired shares, and returns how many. Idempotent, and safe to run alongside everything else.
pub async fn end_some(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("share.expire").await?;
    let ended: i32 = tx.query_one(EXPIRE, &[&gate.clock.now(), &BATCH]).await?.get(0);
    tx.commit().await?;
    Ok(u64::from(ended.unsigned_abs()))
}
