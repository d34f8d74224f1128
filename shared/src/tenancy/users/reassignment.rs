//! A reassignment: who is to get what somebody left, and how far it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::{AuthContext, ScopeName};
use crate::ids::{ReassignmentId, ScopeId, UserId};

/// Who is to get a leaver's personal memories.
#[derive(Debug, Clone, Copy)]
pub enum MemoryHeir {
    /// Somebody, as their own.
    Person(UserId),
    /// A node or the enterprise.
    Scope(ScopeName),
}

/// An heir in an answer, as requests name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeirView {
    /// A person.
    UserId(UserId),
    /// A node or the enterprise.
    Scope(String),
}

/// Where a reassignment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It goes on.
    Running,
    /// Everything went that may.
    Done,
    /// It was refused on its way. What did not go yet is still the leaver's.
    Failed,
}

impl Progress {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Failed];

    /// As answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What somebody left, on its way to an heir.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reassignment {
    /// Which.
    pub id: ReassignmentId,
    /// Where it is.
    pub status: Progress,
    /// Who left.
    pub user_id: UserId,
    /// Who gets it; null if that is gone by now.
    pub heir: Option<HeirView>,
    /// Memories that went to the heir.
    pub memories: i64,
    /// Memories that there were in the beginning.
    pub total: i64,
    /// How many stay where they are, because their class may not be seen by so many; known in the end.
    pub kept: i64,
    /// How many contexts that nobody else owned; only a person can own one.
    pub contexts: i64,
    /// Why it failed.
    pub reason: Option<String>,
    /// Who asked for it.
    pub requested_by: UserId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it last got further.
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

    /// One step more.
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

    /// The person who gets it, if it is one.
    pub(super) fn heir_user(&self) -> Option<UserId> {
        match self.heir {
            Some(HeirView::UserId(user)) => Some(user),
            Some(HeirView::Scope(_)) | None => None,
        }
    }
}
