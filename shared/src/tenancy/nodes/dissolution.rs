//! A dissolution: how it is requested, and its progress.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::access::{AuthContext, ReadableScope, ScopeKind};
use crate::ids::{DissolutionId, NodeId, ScopeId, UserId};
use crate::tenancy::place::Place;

/// How a node is to be dissolved. All fields are required.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Who receives the node's contents.
    pub heir: Heir,
    /// What happens to the roles of people and groups on it, and to open invitations.
    pub members: Members,
}

/// Who receives the contents of a node.
#[derive(Debug, Clone, Copy)]
pub enum Heir {
    /// Its parent.
    Parent,
    /// The enterprise.
    Enterprise,
    /// Another node.
    Node(NodeId),
}

/// What happens to the roles on a dissolved node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// They move to the heir.
    Move,
    /// Everyone who held a role becomes a viewer of the heir.
    MoveAsViewers,
    /// They end.
    Leave,
}

impl Members {
    /// The choice as requests and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::MoveAsViewers => "move_as_viewers",
            Self::Leave => "leave",
        }
    }
}

/// The status of a dissolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is in progress.
    Running,
    /// The node has been dissolved.
    Done,
    /// It was refused along the way. The node still exists, with whatever was not handed over yet.
    Failed,
    /// It was cancelled along the way. The node still exists, with whatever was not handed over yet.
    Cancelled,
}

impl Status {
    /// The status as responses and the database spell it.
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

/// The dissolution of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dissolution {
    /// Its id.
    pub id: DissolutionId,
    /// Its status.
    pub status: Status,
    /// The node.
    pub node: NodeId,
    /// The node's kind.
    pub kind: ScopeKind,
    /// The node's name.
    pub name: String,
    /// The heir; null if it no longer exists.
    pub heir: Option<Place>,
    /// What happens to the members.
    pub members: Members,
    /// The number of memories handed over.
    pub memories: i64,
    /// The number of memories at the start.
    pub total: i64,
    /// Everything else that was handed over, once it is done.
    #[serde(flatten)]
    pub estate: Option<Estate>,
    /// Why it failed, or how things were left when it was cancelled.
    pub reason: Option<String>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<UserId>,
    /// Who requested it.
    pub requested_by: UserId,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// When it last made progress.
    pub updated_at: DateTime<Utc>,
    /// When it was done, failed or was cancelled.
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

/// What was handed over with a node, apart from memories.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Estate {
    /// Nodes directly below it, which are now below the heir with everything they contain.
    pub nodes: i64,
    /// People who held a role on it.
    pub people: i64,
    /// Groups that were kept at it.
    pub groups: i64,
    /// Service accounts that it owned.
    pub service_accounts: i64,
    /// Invitations that were open.
    pub invitations: i64,
    /// Keys that were restricted to it.
    pub api_keys: i64,
    /// Approval requests that its people would have decided, which the heir's people now decide.
    pub approvals: i64,
    /// Approval requests that ended, because something was to be shared with the node.
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

    /// Records one more step.
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

    /// Cancels it. What was handed over stays with the heir: taking it back would need as much authority and time as
    /// handing it over, and people of the heir may have used it in the meantime.
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
