//! Questions and answers.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::access::{Action, Classification, Role, ScopeName};
use crate::ids::{ApiKeyId, ApprovalId, MemoryId, ShareId, UserId};
use crate::memory::Permission;
use crate::sharing::ShareRequest;
use crate::tenancy::Place;
use crate::tenancy::members::ThroughGroup;

/// The question whether a user may do something.
#[derive(Debug, Clone)]
pub struct Question {
    /// The user; `None` for the owner of the key.
    pub user: Option<UserId>,
    /// The action.
    pub verb: Verb,
    /// The object of the action.
    pub about: About,
    /// An API key of the user to use.
    pub key: Option<ApiKeyId>,
    /// The ceiling of the credential to use.
    pub ceiling: Option<Classification>,
    /// The exact share, if the question is about sharing.
    pub share: Option<ShareRequest>,
}

/// The object of a question.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// A scope: a node, the enterprise, a context.
    Scope(ScopeName),
    /// A memory.
    Memory(MemoryId),
    /// A request to share something.
    Approval(ApprovalId),
}

/// An action: one in the policy, or one that depends on more than the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// An action in the policy.
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

    /// The action as requests and responses spell it: `add_memory`.
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

/// The answer: whether they may, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// The deciding reason, in a sentence.
    pub reason: String,
    /// The user's effective role there.
    pub role: Option<Role>,
    /// Where the role or the visibility comes from.
    pub why: Vec<Reason>,
    /// The approvers, each of whom has to agree first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_approval_of: Vec<Approver>,
    /// Further conditions, which depend on the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The restrictions of a key that stop it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stopped_by: Vec<Narrowing>,
}

/// What stops an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Narrowing {
    /// Its owner may not do it either.
    Owner,
    /// It was revoked.
    Revoked,
    /// It has expired.
    Expired,
    /// It lacks the verb.
    Verbs,
    /// It is restricted to other scopes.
    Within,
    /// Its ceiling is too low.
    Ceiling,
}

/// People who have to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// The minimum role they hold.
    pub role: Role,
    /// The scope on which they hold it, if the asker may know it.
    pub scope: Option<String>,
    /// The name of that scope; null for the enterprise.
    pub scope_name: Option<String>,
}

/// A scope that the user can read.
#[derive(Debug, Clone, Serialize)]
pub struct SeenScope {
    /// The scope.
    #[serde(flatten)]
    pub place: Place,
    /// The user's effective role; null if they can read it only because they belong to something below.
    pub role: Option<Role>,
    /// What they may do there.
    pub may: Vec<String>,
    /// Where that comes from.
    pub why: Vec<Reason>,
}

/// Where a role, or the visibility of something, comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The kind of reason.
    pub via: Via,
    /// The role that they hold there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The scope where they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The group through which they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ThroughGroup>,
    /// The share that reaches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareReason>,
}

/// A share that reaches the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShareReason {
    /// The share's id.
    pub id: ShareId,
    /// The recipient, if the asker may know it: `person` is the user themselves.
    pub with: Option<String>,
    /// Its name; null for the user themselves.
    pub with_name: Option<String>,
    /// The permission it grants.
    pub permission: Permission,
    /// Whether it allows them to share it further.
    pub may_reshare: bool,
    /// Who shared it.
    pub granted_by: UserId,
    /// Their name, or their id if they have none.
    pub granted_by_name: String,
    /// When it expires.
    pub until: Option<DateTime<Utc>>,
}

/// How a user comes to see something or have a role.
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
    /// Everyone in the enterprise can read it.
    Everyone,
    /// It is shared with them, or with one of their scopes.
    Shared,
    /// It is in a context that is shared with them, or with one of their scopes.
    SharedContext,
}
