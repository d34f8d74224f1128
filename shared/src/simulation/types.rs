//! Questions and answers.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::access::{Action, Classification, Role, ScopeName};
use crate::ids::{ApiKeyId, ApprovalId, MemoryId, ShareId, UserId};
use crate::memory::Permission;
use crate::sharing::NewShare;
use crate::tenancy::Place;
use crate::tenancy::members::ThroughGroup;

/// May they do that?
#[derive(Debug, Clone)]
pub struct Question {
    /// Who; none: whoever owns the key.
    pub user: Option<UserId>,
    /// What.
    pub verb: Verb,
    /// To what.
    pub about: About,
    /// Through this API key of theirs.
    pub key: Option<ApiKeyId>,
    /// Through a credential that shows no more than this.
    pub ceiling: Option<Classification>,
    /// The very share, if it is about sharing.
    pub share: Option<NewShare>,
}

/// What a question is about.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// A scope: a node, the enterprise, a context.
    Scope(ScopeName),
    /// A memory.
    Memory(MemoryId),
    /// A request to let something be shared.
    Approval(ApprovalId),
}

/// What somebody may want to do: an action of the policy, or what is decided by more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// What the policy lists.
    Policy(Action),
    /// Give a memory another class.
    ClassifyMemory,
    /// Delete a memory.
    ForgetMemory,
    /// Approve or deny a request.
    DecideApproval,
}

impl Verb {
    const BEYOND: [(&'static str, Self); 3] = [
        ("classify_memory", Self::ClassifyMemory),
        ("forget_memory", Self::ForgetMemory),
        ("decide_approval", Self::DecideApproval),
    ];

    /// As requests and answers spell it: `add_memory`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Policy(action) => action.name(),
            other => {
                Self::BEYOND.iter().find(|(_, verb)| *verb == other).map_or("", |(name, _)| name).to_owned()
            }
        }
    }
}

impl FromStr for Verb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, verb)) = Self::BEYOND.iter().find(|(name, _)| *name == text) {
            return Ok(*verb);
        }
        text.parse().map(Self::Policy).map_err(|known: String| {
            let beyond = Self::BEYOND.map(|(name, _)| name).join(", ");
            format!("{known}, {beyond}")
        })
    }
}

/// Whether they may, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// What decides it, in a sentence.
    pub reason: String,
    /// Their effective role there.
    pub role: Option<Role>,
    /// Where the role, or the sight of it, comes from.
    pub why: Vec<Reason>,
    /// Who has to agree first: each of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_approval_of: Vec<Approver>,
    /// What else has to be so, which depends on the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// What of a key stops it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stopped_by: Vec<Narrowing>,
}

/// What stops an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Narrowing {
    /// Its owner may not either.
    Owner,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// It is for other verbs.
    Verbs,
    /// It is narrowed to other scopes.
    Within,
    /// Its ceiling is lower.
    Ceiling,
}

/// Those who have to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// The least role that they hold.
    pub role: Role,
    /// On which scope, if the asker may know it.
    pub scope: Option<String>,
}

/// A scope that they can read.
#[derive(Debug, Clone, Serialize)]
pub struct SeenScope {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// Their effective role; null when they read it because they belong to something below.
    pub role: Option<Role>,
    /// What they may do there.
    pub may: Vec<String>,
    /// Where that comes from.
    pub why: Vec<Reason>,
}

/// Where a role, or the sight of something, comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// How.
    pub via: Via,
    /// The role that they hold there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The group through which they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ThroughGroup>,
    /// The share that reaches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareReason>,
}

/// A share that reaches somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShareReason {
    /// Which.
    pub id: ShareId,
    /// With whom, if the asker may know it: `person` is themselves.
    pub with: Option<String>,
    /// What it allows.
    pub permission: Permission,
    /// Whether it lets them share it on.
    pub may_reshare: bool,
    /// Who shared it.
    pub granted_by: UserId,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// How something comes to be theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// It is their own.
    Own,
    /// They are a member of it.
    Member,
    /// They hold a role above it.
    Inherited,
    /// They hold a role on something below it, and read what is for everyone below.
    Below,
    /// Everyone of the enterprise reads it.
    Everyone,
    /// It is shared with them, or with a scope of theirs.
    Shared,
    /// It is in a context that is.
    SharedContext,
}
