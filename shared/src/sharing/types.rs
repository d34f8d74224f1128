//! Shares: the types that the services accept and return.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::GranteeName;
use super::approvals::Approval;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// Maximum length of a reason in characters.
const MAX_REASON: usize = 2000;

/// How far in the future a share may end.
const LONGEST: TimeDelta = TimeDelta::days(3650);

/// The item that is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One memory.
    Memory(MemoryId),
    /// A context with everything in it.
    Context(ContextId),
}

impl Subject {
    /// Returns the printed id.
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

/// A request to share something. If the sender shares it with the same grantee already, terms that are not given stay
/// as they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename = "with nulls")]
pub struct ShareRequest {
    /// The grantee.
    pub with: GranteeName,
    /// The permission; `read` for a new share.
    #[serde(default)]
    pub permission: Option<Permission>,
    /// Whether the grantee may share it on; false for a new share.
    #[serde(default)]
    pub may_reshare: Option<bool>,
    /// When it ends; null, and for a new share also if it is not given: only when it is revoked.
    #[serde(default, deserialize_with = "present")]
    pub expires_at: Option<Option<DateTime<Utc>>>,
    /// The reason, for the grantee and for whoever has to approve it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Distinguishes a field that is null from one that is absent.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<DateTime<Utc>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ShareRequest {
    /// Refuses terms that are invalid, whoever shares what.
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<()> {
        check_end("expires_at", self.expires_at.flatten(), now)?;
        check_reason(self.reason.as_deref())
    }

    /// Returns all terms, those that are not given from the live share that the sender has made before.
    pub(super) fn on(&self, before: Option<&Share>) -> NewShare {
        NewShare {
            with: self.with.clone(),
            permission: self.permission.or(before.map(|share| share.permission)).unwrap_or_else(read),
            may_reshare: self.may_reshare.unwrap_or_else(|| before.is_some_and(|share| share.may_reshare)),
            expires_at: self.expires_at.unwrap_or_else(|| before.and_then(|share| share.expires_at)),
            reason: self.reason.clone().or_else(|| before.and_then(|share| share.reason.clone())),
        }
    }
}

/// The terms of a share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewShare {
    /// The grantee.
    pub with: GranteeName,
    /// The permission.
    #[serde(default = "read")]
    pub permission: Permission,
    /// Whether the grantee may share it on, with no more than their own permission.
    #[serde(default)]
    pub may_reshare: bool,
    /// When it ends; if not given, only when it is revoked.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// The reason, for the grantee and for whoever has to approve it.
    #[serde(default)]
    pub reason: Option<String>,
}

fn read() -> Permission {
    Permission::Read
}

/// Refuses an end in the past or too far in the future.
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
    /// Its id.
    pub id: ShareId,
    /// The memory; null if a context is shared.
    pub memory_id: Option<MemoryId>,
    /// The context; null if a memory is shared.
    pub context_id: Option<ContextId>,
    /// The grantee, as requests name it: `team:org_…`, `person:usr_…`.
    pub with: String,
    /// The grantee's name, if the reader may know it.
    pub with_name: Option<String>,
    /// The permission.
    pub permission: Permission,
    /// Whether the grantee may share it on.
    pub may_reshare: bool,
    /// The reason.
    pub reason: Option<String>,
    /// Who shared it.
    pub granted_by: UserId,
    /// When it was shared.
    pub granted_at: DateTime<Utc>,
    /// The share through which it was made.
    pub via: Option<ShareId>,
    /// The request by which it was approved.
    pub approval_id: Option<ApprovalId>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who ended it; null if it expired.
    pub revoked_by: Option<UserId>,
    /// Whether it is in effect now.
    pub live: bool,
    #[serde(skip, default = "nowhere")]
    pub(super) grantee: ScopeId,
    #[serde(skip)]
    pub(super) granter: Option<String>,
}

impl Share {
    /// Returns the granter's name for display, or their id if they have none.
    pub(super) fn by(&self) -> String {
        self.granter.clone().unwrap_or_else(|| self.granted_by.to_string())
    }
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

/// The result of a request to share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Shared {
    /// It is shared.
    Shared {
        /// The share.
        share: Share,
    },
    /// Somebody has to agree first.
    PendingApproval {
        /// The request for approval.
        approval: Approval,
    },
}

/// Which shares to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Whether to include those that have ended.
    pub ended: bool,
}
