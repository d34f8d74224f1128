//! How responses name a scope.

use std::fmt;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{ReadableScope, ScopeKind};
use crate::db::StoreError;
use crate::ids::{ContextId, NodeId};

/// A scope in a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// As memory requests name it: `team:org_…`, `enterprise`.
    pub scope: String,
    /// The kind of scope.
    pub kind: ScopeKind,
    /// The id of the node or context; null for the enterprise.
    pub id: Option<PlaceId>,
    /// The name of the node or context; null for the enterprise.
    pub name: Option<String>,
}

/// The id of a node or of a context, each with its own prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PlaceId {
    /// `org_…`
    Node(NodeId),
    /// `ctx_…`
    Context(ContextId),
}

impl PlaceId {
    /// The id of a scope of this kind.
    #[must_use]
    pub fn of(kind: ScopeKind, id: NodeId) -> Self {
        match kind {
            ScopeKind::Context => Self::Context(ContextId(id.uuid())),
            _ => Self::Node(id),
        }
    }

    /// As a row stores it.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Node(id) => id.uuid(),
            Self::Context(id) => id.uuid(),
        }
    }
}

impl fmt::Display for PlaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => id.fmt(f),
            Self::Context(id) => id.fmt(f),
        }
    }
}

impl From<&ReadableScope> for Place {
    fn from(scope: &ReadableScope) -> Self {
        let id = scope.node.map(|id| PlaceId::of(scope.kind, id));
        Self { scope: scope.label(), kind: scope.kind, id, name: scope.name.clone() }
    }
}

/// Reads a row of `kind, node_id, name`.
impl TryFrom<&Row> for Place {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let kind: Result<ScopeKind, _> = row.get::<_, &str>("kind").parse();
        let kind =
            kind.map_err(|problem| StoreError::Corrupt { table: "scopes", column: "kind", problem })?;
        let id = row.get::<_, Option<_>>("node_id").map(|id| PlaceId::of(kind, NodeId(id)));
        let scope = match id {
            Some(id) => format!("{kind}:{id}"),
            None => kind.to_string(),
        };
        Ok(Self { scope, kind, id, name: row.get("name") })
    }
}
