//! Limits by the enterprise's plan: requests per minute ([`Limiter`]) and quotas ([`quotas`]). Plans are rows that
//! operators change (`plans`, `enterprise_plans`).
//!
//! Throttling of password guesses is separate: `identity::throttle` counts failures. Keys and tokens cannot be guessed;
//! a client that sends wrong ones anyway is turned away by [`failures`].

mod failures;
pub mod quotas;
pub mod rates;
mod store;
pub mod usage;

pub(crate) use rates::Whose;
pub use rates::{Limiter, Standing, network};
pub(crate) use store::Taken;

use chrono::{DateTime, Utc};

use crate::access::{Gate, IdentityTx};
use crate::error::{Error, Result};
use crate::ids::LinkId;

/// The maximum number of times one link may be opened per minute, by anybody.
const LINK_PER_MINUTE: i32 = 300;

/// Admits the opening of a link, at a rate of the link's own.
pub async fn admit_link(tx: &IdentityTx, link: LinkId, at: DateTime<Utc>) -> Result<()> {
    match store::take_link(tx, link.uuid(), LINK_PER_MINUTE, at).await? {
        true => Ok(()),
        false => Err(Error::LimitReached {
            what: "too many requests with this link",
            retry_after: std::time::Duration::from_secs(1),
        }),
    }
}

/// Deletes some buckets that are full again; returns how many.
pub async fn prune(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("rate_limit.prune").await?;
    let pruned = store::prune(&tx, gate.clock.now() - chrono::TimeDelta::minutes(10)).await?;
    tx.commit().await?;
    Ok(u64::from(pruned.unsigned_abs()))
}
