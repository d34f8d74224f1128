//! People who left: what becomes of the memories that were theirs alone.
//!
//! Their account is deactivated, and what they remembered stays for the time that the enterprise keeps it
//! ([`LeaverPolicy`]). Until then it can be handed to somebody by whom the policy lets (`reassign`); then a job removes it for good.
//! Nobody reads it in between.

use serde::{Deserialize, Serialize};

use super::store;
use crate::access::{Gate, Role};
use crate::error::Result;

/// Memories removed by one statement.
const BATCH: i32 = 1000;

/// What the enterprise wants for the personal memories of people who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaverPolicy {
    /// Days after the deactivation until they are removed; null: never. It must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    pub retention_days: Option<i32>,
    /// Who may hand them to others.
    pub reassignment: WhoReassigns,
}

/// Who may hand a leaver's personal memories to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhoReassigns {
    /// Nobody.
    Nobody,
    /// Owners of the enterprise.
    Owners,
    /// Its admins, too.
    Admins,
}

impl WhoReassigns {
    /// As the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Owners => "owners",
            Self::Admins => "admins",
        }
    }

    /// Whether somebody with this role on the enterprise may.
    pub(super) fn lets(self, role: Option<Role>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Owners => role >= Some(Role::Owner),
            Self::Admins => role >= Some(Role::Admin),
        }
    }
}

/// Removes personal memories whose time is over, while there is time; how many.
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
