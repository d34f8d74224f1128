//! Approvals: sharing that somebody else has to agree to.
//!
//! The rules belong to nodes (`tenancy::policies`): the topmost matching rule applies, so that no node can loosen what
//! is set above it. Those who hold the rule's role on its node decide, or their delegates; after some time, or once nobody
//! else holds the role there, those above the node and their delegates as well. Nobody approves their own request, and the
//! share begins in the transaction of its approval.
//!
//! Sharing a context, or sharing something with a context, may be subject to the rules of several nodes. Each node
//! decides for itself; a single denial ends the request, and the share begins in the transaction of the last approval.

mod decide;
mod delegates;
mod request;
mod view;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{approve, check, deny, withdraw};
pub use delegates::{Delegate, NewDelegate, delegate, delegates, end_delegate};
pub(super) use request::{can_be_approved, request};
pub use view::{
    About, AskedContext, AskedMemory, Detail, Filter, Recipient, csv, export, list, lookup, position,
};

use super::authority::Held;
pub(crate) use super::store::approval_parts::behind;
use super::store::{approval_names, approvals as store};
use super::{Direction, NewShare, Subject};
use crate::access::{Classification, Gate, Role, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// The status of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not decided yet.
    Pending,
    /// Approved: it is shared, or was.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn by the requester.
    Withdrawn,
    /// Not decided in time.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Denied, Self::Withdrawn, Self::Expired];

    /// The spelling in requests, responses and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// Says that a request with this status can no longer be decided.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Expired => "the request has expired".to_owned(),
            other => format!("the request is {} already", other.as_str()),
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown status {text:?}, expected one of {known}")
        })
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A request for approval of a share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Its status.
    pub status: Status,
    /// The memory; null if a context is to be shared.
    pub memory_id: Option<MemoryId>,
    /// The context; null if a memory is to be shared.
    pub context_id: Option<ContextId>,
    /// The grantee, as requests name it.
    pub with: String,
    /// The grantee's name.
    #[serde(default)]
    pub with_name: Option<String>,
    /// The requested permission.
    pub permission: Permission,
    /// Whether the grantee may share it on.
    pub may_reshare: bool,
    /// When the share is to end.
    pub share_expires_at: Option<DateTime<Utc>>,
    /// The requested version of the memory: no other version is shared. Null for a context.
    #[serde(default)]
    pub memory_version: Option<i32>,
    /// The direction of the share.
    pub direction: Direction,
    /// The class at the time of the request.
    pub classification: Classification,
    /// The reason for the request.
    pub reason: Option<String>,
    /// The requester.
    pub requested_by: UserId,
    /// The requester's name.
    #[serde(default)]
    pub requested_by_name: Option<String>,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// The node whose people decide, as requests name it; the first if there are several.
    pub node: String,
    /// The node's name; null for the enterprise.
    #[serde(default)]
    pub node_name: Option<String>,
    /// The least role on that node that may decide.
    pub approver_role: Role,
    /// When those above the node may decide as well; at once, if nobody else holds the role there.
    pub escalates_at: DateTime<Utc>,
    /// When the request expires.
    pub expires_at: DateTime<Utc>,
    /// The decision of each node that has to agree, from the top: a single denial ends the request, the last approval
    /// shares.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Who decided or withdrew it.
    pub decided_by: Option<UserId>,
    /// Their name.
    #[serde(default)]
    pub decided_by_name: Option<String>,
    /// When it was decided or withdrawn.
    pub decided_at: Option<DateTime<Utc>>,
    /// The reason for that.
    pub decision_reason: Option<String>,
    /// The resulting share.
    pub share_id: Option<ShareId>,
    /// The scope of that node.
    #[serde(skip, default = "nowhere")]
    pub node_scope: ScopeId,
    #[serde(skip, default = "nowhere")]
    pub(super) grantee: ScopeId,
    #[serde(skip, default = "nowhere")]
    pub(super) home: ScopeId,
    /// A digest of what was in the requested context.
    #[serde(skip)]
    pub(super) contents: Option<Vec<u8>>,
}

impl Approval {
    /// Returns whether the requested item has changed: a memory with another version or class; a context with any other
    /// contents, another version of anything, or anything of a higher class.
    async fn differs(&self, tx: &TenantTx<'_>, held: &Held) -> Result<bool> {
        let of_class = match held.subject {
            Subject::Memory(_) => self.classification == held.class,
            Subject::Context(_) => self.classification >= held.class,
        };
        // Requests from before these fields existed lack them.
        let same_version = self.memory_version.is_none() || self.memory_version == held.version;
        let same_contents = self.contents.is_none() || self.contents == held.contents(tx).await?;
        Ok(!(of_class && same_version && same_contents))
    }

    /// Returns the requested share.
    fn wish(&self) -> Result<NewShare> {
        Ok(NewShare {
            with: self.with.parse().map_err(Error::internal)?,
            permission: self.permission,
            may_reshare: self.may_reshare,
            expires_at: self.share_expires_at,
            reason: self.reason.clone(),
        })
    }
}

/// The decision of one node. Each node that has to agree to a request has its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The node, as requests name it.
    pub node: String,
    /// The node's name; null for the enterprise.
    #[serde(default)]
    pub node_name: Option<String>,
    /// The least role on it that may decide.
    pub approver_role: Role,
    /// When those above the node may decide as well.
    pub escalates_at: DateTime<Utc>,
    /// The verdict; null while undecided.
    pub decision: Option<Verdict>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// Their name.
    #[serde(default)]
    pub decided_by_name: Option<String>,
    /// When they decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// The reason for the decision.
    pub reason: Option<String>,
    /// The scope of the node.
    #[serde(skip, default = "nowhere")]
    pub node_scope: ScopeId,
}

/// The verdict of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// They agree.
    Approved,
    /// They do not agree, which ends the request.
    Denied,
}

impl Verdict {
    /// The spelling in responses and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// A user's position in the decision of a node.
#[derive(Debug, Clone)]
pub struct Position {
    /// The node.
    pub node: ScopeId,
    /// Why they may decide.
    pub ground: Ground,
    /// The name of the person in whose place they decide.
    pub in_place_of: Option<String>,
    /// Whether the decision is still open to them.
    pub open: bool,
    /// Whether it is open, but not to them: they would decide in somebody's place about what they get themselves.
    pub gains: bool,
}

/// How somebody may be behind an account, so that they do not decide about its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// They made a key of this service account.
    ItsKey,
    /// They made the token with which this person set a password, or this person made theirs.
    APassword,
}

/// Why somebody may decide about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// They hold the role on the node itself.
    There,
    /// They are a delegate of this person, who holds it.
    For(UserId),
    /// They hold it above the node, and the request has escalated or nobody else holds it there.
    Above,
    /// They are a delegate of this person, who holds it above the node, and the same applies.
    AboveFor(UserId),
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

pub(super) async fn one(tx: &TenantTx<'_>, id: ApprovalId) -> Result<Approval> {
    let mut approval = store::lookup(tx, id).await?.ok_or(NOT_FOUND)?;
    approval_names::name(tx, std::slice::from_mut(&mut approval)).await?;
    Ok(approval)
}

/// The error for a request that the caller cannot see.
const NOT_FOUND: Error = Error::NotFound { what: "approval" };

const EXPIRE: &str = "-- approval.expire
    SELECT mem0.expire_approvals($1)";

/// Closes expired requests, and returns how many. Idempotent.
pub async fn expire(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("approval.expire").await?;
    let closed: i32 = tx.query_one(EXPIRE, &[&gate.clock.now()]).await?.get(0);
    tx.commit().await?;
    Ok(u64::from(closed.unsigned_abs()))
}
