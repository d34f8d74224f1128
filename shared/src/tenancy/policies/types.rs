//! Policies as services take and give them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ApprovalRule, approval_rule};
use crate::access::{Audience, Classification};
use crate::error::{Error, Result};
use crate::ids::UserId;

/// What one node says. What it leaves open holds as above.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharingPolicy {
    /// The class of what is added without one.
    #[serde(default)]
    pub default_classification: Option<Classification>,
    /// The widest audience by class; only ever narrower than what holds above.
    #[serde(default)]
    pub audiences: BTreeMap<Classification, Audience>,
    /// Which sharing needs somebody else's approval; beside what holds above, which no rule here loosens.
    #[serde(default)]
    pub approvals: Vec<ApprovalRule>,
}

/// A node's policy and what it comes to, with all that is above it.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyView {
    /// What the node itself says.
    pub own: SharingPolicy,
    /// What holds there.
    pub effective: SharingPolicy,
    /// Who changed it last; null if nobody ever did.
    pub updated_by: Option<UserId>,
    /// When.
    pub updated_at: Option<DateTime<Utc>>,
}

impl SharingPolicy {
    /// Refuses an audience that no node may allow.
    pub(super) fn check(&self) -> Result<()> {
        for (class, audience) in &self.audiences {
            let widest = class.widest_audience();
            if *audience > widest {
                let message = format!(
                    "{class} memories may nowhere be seen beyond {}, a node can only narrow that",
                    widest.in_words()
                );
                return Err(Error::invalid(format!("audiences.{class}"), message));
            }
        }
        approval_rule::check(&self.approvals)
    }
}
