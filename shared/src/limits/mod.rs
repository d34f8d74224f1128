//! What callers may use: how many requests a minute ([`Limiter`]) and how much of everything ([`quotas`]), by their
//! enterprise's plan. Plans are rows that operators change (`plans`, `enterprise_plans`).
//!
//! Guessing passwords is slowed down elsewhere, in `identity::throttle`: that counts failures.

pub mod quotas;
mod rates;
mod store;

pub use rates::{Limiter, Standing, network};

use crate::access::Gate;
use crate::error::Result;

/// Forgets some buckets that are full again; how many.
pub async fn prune(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("rate_limit.prune").await?;
    let pruned = store::prune(&tx, gate.clock.now() - chrono::TimeDelta::minutes(10)).await?;
    tx.commit().await?;
    Ok(u64::from(pruned.unsigned_abs()))
}
