//! A reassignment: its heir and its progress.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::{AuthContext, ScopeName};
use crate::ids::{ReassignmentId, ScopeId, UserId};

/// Who receives the personal memories of a user who left.
#[derive(Debug, Clone, Copy)]
pub enum MemoryHeir {
    /// A person, as their own memories.
    Person(UserId),
    /// A node or the enterprise.
    Scope(ScopeName),
}

/// An heir in a response, named as in requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeirView {
    /// A person.
    UserId(UserId),
    /// A node or the enterprise.
    Scope(String),
}

/// The status of a reassignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It is in progress.
    Running,
    /// Everything that may be handed over has been.
    Done,
    /// It was refused along the way. What was not handed over yet is still the user's.
    Failed,
}

impl Progress {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Failed];

    /// The status as responses and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// The handover of a departed user's memories to an heir.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reassignment {
    /// Its id.
    pub id: ReassignmentId,
    /// Its status.
    pub status: Progress,
    /// The user who left.
    pub user_id: UserId,
    /// The heir; null if it no longer exists.
    pub heir: Option<HeirView>,
    /// The number of memories handed over.
    pub memories: i64,
    /// The number of memories at the start.
    pub total: i64,
    /// The number of memories that stay, because their class does not allow the heir's audience; known at the end.
    pub kept: i64,
    /// The number of contexts without another owner that were handed over; only a person can own one.
    pub contexts: i64,
    /// Why it failed.
    pub reason: Option<String>,
    /// Who requested it.
    pub requested_by: UserId,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// When it last made progress.
    pub updated_at: DateTime<Utc>,
    /// When it was done or failed.
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(super) steps: i32,
    #[serde(skip, default = "nowhere")]
    pub(super) heir_scope: ScopeId,
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

impl Reassignment {
    pub(super) fn new(ctx: &AuthContext, user: UserId, heir: HeirView, heir_scope: ScopeId) -> Self {
        let at = ctx.request().at;
        Self {
            id: ReassignmentId::generate(),
            status: Progress::Running,
            user_id: user,
            heir: Some(heir),
            memories: 0,
            total: 0,
            kept: 0,
            contexts: 0,
            reason: None,
            requested_by: ctx.user_id(),
            requested_at: at,
            updated_at: at,
            finished_at: None,
            steps: 0,
            heir_scope,
        }
    }

    /// Records one more step.
    pub(super) fn handed_over(&mut self, memories: i64, at: DateTime<Utc>) {
        self.memories += memories;
        self.steps += 1;
        self.updated_at = at;
    }

    pub(super) fn finish(&mut self, kept: i64, contexts: i64) {
        self.status = Progress::Done;
        (self.kept, self.contexts) = (kept, contexts);
        self.finished_at = Some(self.updated_at);
    }

    pub(super) fn fail(&mut self, reason: String, at: DateTime<Utc>) {
        self.status = Progress::Failed;
        self.reason = Some(reason);
        self.updated_at = at;
        self.finished_at = Some(at);
    }

    /// The heir, if it is a person.
    pub(super) fn heir_user(&self) -> Option<UserId> {
        match self.heir {
            Some(HeirView::UserId(user)) => Some(user),
            Some(HeirView::Scope(_)) | None => None,
        }
    }
}
