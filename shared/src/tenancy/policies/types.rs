//! Inputs and outputs of the policy services.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ApprovalRule, approval_rule};
use crate::access::{Audience, Classification};
use crate::error::{Error, Result};
use crate::ids::UserId;

/// The policy of one node. Whatever it leaves open is inherited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharingPolicy {
    /// The class of memories that are added without one.
    #[serde(default)]
    pub default_classification: Option<Classification>,
    /// The widest audience per class; it can only be narrower than the inherited one.
    #[serde(default)]
    pub audiences: BTreeMap<Classification, Audience>,
    /// Sharing that needs somebody else's approval, in addition to the inherited rules, which cannot be loosened.
    #[serde(default)]
    pub approvals: Vec<ApprovalRule>,
}

/// A node's own policy, and its effective policy with everything inherited.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyView {
    /// The node's own policy.
    pub own: SharingPolicy,
    /// The policy that applies there.
    pub effective: SharingPolicy,
    /// Who last changed it; null if nobody did.
    pub updated_by: Option<UserId>,
    /// When it was last changed.
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
