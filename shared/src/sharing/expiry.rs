//! Shares whose time is over. They count for nothing from that moment on; this only tidies up, so that row-level security
//! need not look twice.

use crate::access::Gate;
use crate::error::Result;

/// Shares that one transaction ends at most.
const BATCH: i32 = 200;

const EXPIRE: &str = "-- share.expire
    SELECT mem0.expire_shares($1, $2)";

/// Ends one batch of them; how many. Idempotent, and safe beside everything else.
pub async fn end_some(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("share.expire").await?;
    let ended: i32 = tx.query_one(EXPIRE, &[&gate.clock.now(), &BATCH]).await?.get(0);
    tx.commit().await?;
    Ok(u64::from(ended.unsigned_abs()))
}
