//! Users who left: what happens to their personal memories.
//!
//! Their account is deactivated, and their memories are kept for the time that the enterprise chose ([`LeaverPolicy`]).
//! Until then they can be handed to an heir by those whom the policy permits (`reassign`); afterwards a job deletes
//! them permanently. Nobody reads them in between.

use serde::{Deserialize, Serialize};

use super::store;
use crate::access::{Gate, Role};
use crate::error::Result;

/// The number of memories deleted by one statement.
const BATCH: i32 = 1000;

/// The enterprise's policy for the personal memories of users who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "with nulls")]
pub struct LeaverPolicy {
    /// Days from the deactivation until they are deleted; null for never. Required.
    #[serde(deserialize_with = "Option::deserialize")]
    pub retention_days: Option<i32>,
    /// Who may hand them to others.
    pub reassignment: WhoReassigns,
}

/// Who may hand the personal memories of users who left to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhoReassigns {
    /// Nobody.
    Nobody,
    /// Owners of the enterprise.
    Owners,
    /// Admins of the enterprise as well.
    Admins,
}

impl WhoReassigns {
    /// The choice as the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Owners => "owners",
            Self::Admins => "admins",
        }
    }

    /// Whether somebody with this role on the enterprise may do so.
    pub(super) fn lets(self, role: Option<Role>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Owners => role >= Some(Role::Owner),
            Self::Admins => role >= Some(Role::Admin),
        }
    }
}

/// Deletes personal memories whose retention has ended, while there is time; returns how many.
pub async fn forget(gate: &Gate, has_time: impl Fn() -> bool) -> Result<u64> {
    let mut removed = 0;
    while has_time() {
        let tx = gate.upkeep("account.forget_leavers").await?;
        let (some, more) = store::forget_leavers(&tx, gate.clock.now(), BATCH).await?;
        tx.commit().await?;
        removed += some;
        if !more {
            break;
        }
    }
    Ok(removed)
}
