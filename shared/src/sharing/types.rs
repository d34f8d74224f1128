//! Shares as services take and give them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::GranteeName;
use super::approvals::Approval;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// Characters of the longest reason.
const MAX_REASON: usize = 2000;

/// The furthest that an end can be away.
const LONGEST: TimeDelta = TimeDelta::days(3650);

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One memory.
    Memory(MemoryId),
    /// A context with whatever is in it.
    Context(ContextId),
}

impl Subject {
    /// The printed id.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Memory(id) => id.to_string(),
            Self::Context(id) => id.to_string(),
        }
    }

    pub(super) fn uuid(self) -> Uuid {
        match self {
            Self::Memory(id) => id.uuid(),
            Self::Context(id) => id.uuid(),
        }
    }

    pub(super) fn memory(self) -> Option<MemoryId> {
        match self {
            Self::Memory(id) => Some(id),
            Self::Context(_) => None,
        }
    }

    pub(super) fn context(self) -> Option<ContextId> {
        match self {
            Self::Memory(_) => None,
            Self::Context(id) => Some(id),
        }
    }
}

/// A share to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewShare {
    /// With whom.
    pub with: GranteeName,
    /// What they may do.
    #[serde(default = "read")]
    pub permission: Permission,
    /// Whether they may share it on, with others, to do no more than they.
    #[serde(default)]
    pub may_reshare: bool,
    /// When it ends; when it is revoked, if not given.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Why: for them, and for whoever has to approve it.
    #[serde(default)]
    pub reason: Option<String>,
}

fn read() -> Permission {
    Permission::Read
}

impl NewShare {
    /// Refuses terms that make no sense, whoever shares what.
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<()> {
        check_end("expires_at", self.expires_at, now)?;
        check_reason(self.reason.as_deref())
    }
}

/// Refuses an end in the past or out of all proportion.
pub(super) fn check_end(field: &str, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    match at {
        Some(at) if at <= now => Err(Error::invalid(field, "must be in the future")),
        Some(at) if at > now + LONGEST => {
            let days = LONGEST.num_days();
            Err(Error::invalid(field, format!("must be within {days} days, or left out")))
        }
        _ => Ok(()),
    }
}

/// Refuses a reason that is empty or too long.
pub(super) fn check_reason(reason: Option<&str>) -> Result<()> {
    let Some(reason) = reason else { return Ok(()) };
    if reason.trim().is_empty() {
        return Err(Error::invalid("reason", "must not be empty, leave it out instead"));
    }
    if reason.contains('\0') || reason.chars().count() > MAX_REASON {
        return Err(Error::invalid("reason", format!("must be at most {MAX_REASON} characters without NUL")));
    }
    Ok(())
}

/// A share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Share {
    /// Which.
    pub id: ShareId,
    /// The memory; null if a context is shared.
    pub memory_id: Option<MemoryId>,
    /// The context; null if a memory is shared.
    pub context_id: Option<ContextId>,
    /// With whom, as requests name them: `team:org_…`, `person:usr_…`.
    pub with: String,
    /// The name of whom it is shared with, if the reader may know it.
    pub with_name: Option<String>,
    /// What they may do.
    pub permission: Permission,
    /// Whether they may share it on.
    pub may_reshare: bool,
    /// Why.
    pub reason: Option<String>,
    /// Who shared it.
    pub granted_by: UserId,
    /// When.
    pub granted_at: DateTime<Utc>,
    /// The share through which they could.
    pub via: Option<ShareId>,
    /// The request by which it was approved.
    pub approval_id: Option<ApprovalId>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who ended it; null if it expired.
    pub revoked_by: Option<UserId>,
    /// Whether it holds now.
    pub live: bool,
    #[serde(skip, default = "nowhere")]
    pub(super) grantee: ScopeId,
    #[serde(skip)]
    pub(super) granter: Option<String>,
}

impl Share {
    /// Who shared it, for people to read: their name, or who they are if they have none.
    pub(super) fn by(&self) -> String {
        self.granter.clone().unwrap_or_else(|| self.granted_by.to_string())
    }
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

/// What became of a wish to share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Shared {
    /// It is shared.
    Shared {
        /// How.
        share: Share,
    },
    /// Somebody has to agree first.
    PendingApproval {
        /// The request to them.
        approval: Approval,
    },
}

/// Which shares a list has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Those that have ended, too.
    pub ended: bool,
}
