//! Approvals: sharing that somebody else has to agree to.
//!
//! The rules are the nodes' (`tenancy::policies`): the topmost that fits holds, so that no node loosens what stands above
//! it. Those who hold the rule's role on its node decide, or their delegates; after a time those above the node as well.
//! Nobody approves their own request, and the share begins in the transaction of its approval.
//!
//! What is shared with a context, or a context, may be under the rules of several nodes. Each of them decides for itself;
//! one that denies it ends the request, and the share begins in the transaction of the last approval.

mod decide;
mod delegates;
mod request;
mod view;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{approve, check, deny, withdraw};
pub use delegates::{Delegate, NewDelegate, delegate, delegates, end_delegate};
pub(super) use request::request;
pub use view::{AskedContext, AskedMemory, Detail, Filter, csv, export, list, lookup, position};

use super::authority::Held;
use super::store::approvals as store;
use super::{Direction, NewShare, Subject};
use crate::access::{Classification, Gate, Role, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing yet.
    Pending,
    /// It is shared, or was.
    Approved,
    /// It is not.
    Denied,
    /// Who asked did not want it any more.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Denied, Self::Withdrawn, Self::Expired];

    /// As requests, answers and the database spell it.
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

/// A request to let something be shared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Approval {
    /// Which.
    pub id: ApprovalId,
    /// What became of it.
    pub status: Status,
    /// The memory; null if it is a context.
    pub memory_id: Option<MemoryId>,
    /// The context; null if it is a memory.
    pub context_id: Option<ContextId>,
    /// With whom, as requests name them.
    pub with: String,
    /// What they shall be able to do.
    pub permission: Permission,
    /// Whether they may share it on.
    pub may_reshare: bool,
    /// When the share is to end.
    pub share_expires_at: Option<DateTime<Utc>>,
    /// The version of the memory that is asked for: another one is not shared. Null if it is a context.
    #[serde(default)]
    pub memory_version: Option<i32>,
    /// Which way it goes.
    pub direction: Direction,
    /// Its class when it was asked for.
    pub classification: Classification,
    /// Why it is asked for.
    pub reason: Option<String>,
    /// Who asks.
    pub requested_by: UserId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// The node whose people decide, as requests name it; the first of several.
    pub node: String,
    /// The least role on it of those who decide.
    pub approver_role: Role,
    /// From when on those above the node may decide as well.
    pub escalates_at: DateTime<Utc>,
    /// Until when it can be decided.
    pub expires_at: DateTime<Utc>,
    /// Those who have to agree, from the top, and what they said: a single one denies it, the last one who agrees shares it.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Who decided or withdrew it.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why.
    pub decision_reason: Option<String>,
    /// The share that it led to.
    pub share_id: Option<ShareId>,
    /// The node itself.
    #[serde(skip, default = "nowhere")]
    pub node_scope: ScopeId,
    #[serde(skip, default = "nowhere")]
    pub(super) grantee: ScopeId,
    #[serde(skip, default = "nowhere")]
    pub(super) home: ScopeId,
    /// A digest of what was in the context that is asked for.
    #[serde(skip)]
    pub(super) contents: Option<Vec<u8>>,
}

impl Approval {
    /// Whether what is asked for is another by now: a memory of another version or class; a context in which there is anything
    /// else, another version of anything, or anything of a higher class.
    async fn differs(&self, tx: &TenantTx<'_>, held: &Held) -> Result<bool> {
        let of_class = match held.subject {
            Subject::Memory(_) => self.classification == held.class,
            Subject::Context(_) => self.classification >= held.class,
        };
        // The release before knew less.
        let same_version = self.memory_version.is_none() || self.memory_version == held.version;
        let same_contents = self.contents.is_none() || self.contents == held.contents(tx).await?;
        Ok(!(of_class && same_version && same_contents))
    }

    /// What was asked for.
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

/// Whether those of a node agree. Of a request that several nodes have to agree to, each has its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The node, as requests name it.
    pub node: String,
    /// The least role on it of those who decide.
    pub approver_role: Role,
    /// From when on those above the node may decide as well.
    pub escalates_at: DateTime<Utc>,
    /// What they decided; null: nothing yet.
    pub decision: Option<Verdict>,
    /// Who decided it.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// The node itself.
    #[serde(skip, default = "nowhere")]
    pub node_scope: ScopeId,
}

/// What those of a node say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// They agree.
    Approved,
    /// They do not, and that ends the request.
    Denied,
}

impl Verdict {
    /// As answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// How somebody stands to the decision of a node.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    /// The node.
    pub node: ScopeId,
    /// Why they may decide.
    pub ground: Ground,
    /// Whether it is still to be decided.
    pub open: bool,
}

/// Why somebody may decide about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// They hold the role on the node itself.
    There,
    /// In place of this person, who does.
    For(UserId),
    /// They hold it above, and the request has waited for long enough.
    Above,
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

pub(super) async fn one(tx: &TenantTx<'_>, id: ApprovalId) -> Result<Approval> {
    store::lookup(tx, id).await?.ok_or(NOT_FOUND)
}

/// What a caller is told of a request that they cannot see.
const NOT_FOUND: Error = Error::NotFound { what: "approval" };

const EXPIRE: &str = "-- approval.expire
    SELECT mem0.expire_approvals($1)";

/// Closes requests whose time is over; how many. Idempotent.
pub async fn expire(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("approval.expire").await?;
    let closed: i32 = tx.query_one(EXPIRE, &[&gate.clock.now()]).await?.get(0);
    tx.commit().await?;
    Ok(u64::from(closed.unsigned_abs()))
}
