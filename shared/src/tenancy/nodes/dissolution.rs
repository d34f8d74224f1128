//! A dissolution: how it is asked for, and how far it is.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::access::{AuthContext, ReadableScope, ScopeKind};
use crate::ids::{DissolutionId, NodeId, ScopeId, UserId};
use crate::tenancy::place::Place;

/// How a node is to be dissolved. All of it must be said.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Who gets what it has.
    pub heir: Heir,
    /// What becomes of the roles that people and groups hold on it, and of open invitations.
    pub members: Members,
}

/// Who gets what a node has.
#[derive(Debug, Clone, Copy)]
pub enum Heir {
    /// Whatever is right above it.
    Parent,
    /// The enterprise.
    Enterprise,
    /// Another node.
    Node(NodeId),
}

/// What becomes of roles on a node that is dissolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// They are held on the heir.
    Move,
    /// Whoever held one is a viewer of the heir.
    MoveAsViewers,
    /// They end.
    Leave,
}

impl Members {
    /// As requests and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::MoveAsViewers => "move_as_viewers",
            Self::Leave => "leave",
        }
    }
}

/// Where a dissolution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    Running,
    /// The node is gone.
    Done,
    /// It was refused on its way. The node is still there, with what was not handed over yet.
    Failed,
    /// Somebody stopped it on its way. The node is still there, with what was not handed over yet.
    Cancelled,
}

impl Status {
    /// As answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A node on its way to an heir.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dissolution {
    /// Which.
    pub id: DissolutionId,
    /// Where it is.
    pub status: Status,
    /// The node.
    pub node: NodeId,
    /// What it was.
    pub kind: ScopeKind,
    /// What it was called.
    pub name: String,
    /// Who gets what it had; null if that is gone by now.
    pub heir: Option<Place>,
    /// What becomes of its people.
    pub members: Members,
    /// Memories that went to the heir.
    pub memories: i64,
    /// Memories that there were in the beginning.
    pub total: i64,
    /// And everything else, once it is done.
    #[serde(flatten)]
    pub estate: Option<Estate>,
    /// Why it failed, or what is where since it was cancelled.
    pub reason: Option<String>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<UserId>,
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
    pub(super) node_scope: ScopeId,
    #[serde(skip, default = "nowhere")]
    pub(super) heir_scope: ScopeId,
}

fn nowhere() -> ScopeId {
    ScopeId(0)
}

/// What went with a node, memories aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Estate {
    /// Nodes that stood right below it, and stand below the heir with everything of theirs.
    pub nodes: i64,
    /// People who held a role on it.
    pub people: i64,
    /// Groups that were kept there.
    pub groups: i64,
    /// Service accounts that it owned.
    pub service_accounts: i64,
    /// Invitations that were open.
    pub invitations: i64,
    /// Keys that were narrowed to it.
    pub api_keys: i64,
    /// Requests that its people would have decided about, and those of the heir do.
    pub approvals: i64,
    /// Requests that ended, because it was with the node that something was to be shared.
    pub approvals_ended: i64,
}

impl Dissolution {
    pub(super) fn new(
        ctx: &AuthContext,
        node: NodeId,
        scope: &ReadableScope,
        heir: &ReadableScope,
        members: Members,
    ) -> Self {
        let at = ctx.request().at;
        Self {
            id: DissolutionId::generate(),
            status: Status::Running,
            node,
            kind: scope.kind,
            name: scope.name.clone().unwrap_or_default(),
            heir: Some(heir.into()),
            members,
            memories: 0,
            total: 0,
            estate: None,
            reason: None,
            cancelled_by: None,
            requested_by: ctx.user_id(),
            requested_at: at,
            updated_at: at,
            finished_at: None,
            steps: 0,
            node_scope: scope.id,
            heir_scope: heir.id,
        }
    }

    /// One step more.
    pub(super) fn handed_over(&mut self, memories: i64, at: DateTime<Utc>) {
        self.memories += memories;
        self.steps += 1;
        self.updated_at = at;
    }

    pub(super) fn finish(&mut self, estate: Estate) {
        self.status = Status::Done;
        self.estate = Some(estate);
        self.finished_at = Some(self.updated_at);
    }

    /// What went stays with the heir: taking it back would need as much right and time as handing it over, and people of the
    /// heir may have used it by now.
    pub(super) fn cancel(&mut self, by: UserId, at: DateTime<Utc>) {
        let (went, kind) = (self.memories, self.kind);
        self.fail(format!("{went} memories stay with the heir, everything else with this {kind}"), at);
        self.status = Status::Cancelled;
        self.cancelled_by = Some(by);
    }

    pub(super) fn fail(&mut self, reason: String, at: DateTime<Utc>) {
        self.status = Status::Failed;
        self.reason = Some(reason);
        self.updated_at = at;
        self.finished_at = Some(at);
    }
}

impl<'de> Deserialize<'de> for Heir {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match std::borrow::Cow::<'de, str>::deserialize(deserializer)?.as_ref() {
            "parent" => Ok(Self::Parent),
            "enterprise" => Ok(Self::Enterprise),
            id => id
                .parse()
                .map(Self::Node)
                .map_err(|error| D::Error::custom(format!("{error}, or parent, or enterprise"))),
        }
    }
}
