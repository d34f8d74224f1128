//! How responses name a scope.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

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
    /// The node's id; null for the enterprise.
    pub id: Option<NodeId>,
    /// The node's name; null for the enterprise.
    pub name: Option<String>,
}

impl From<&ReadableScope> for Place {
    fn from(scope: &ReadableScope) -> Self {
        Self { scope: scope.label(), kind: scope.kind, id: scope.node, name: scope.name.clone() }
    }
}

/// Reads a row of `kind, node_id, name`.
impl TryFrom<&Row> for Place {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let kind: Result<ScopeKind, _> = row.get::<_, &str>("kind").parse();
        let kind =
            kind.map_err(|problem| StoreError::Corrupt { table: "scopes", column: "kind", problem })?;
        let id = row.get::<_, Option<_>>("node_id").map(NodeId);
        let scope = match (kind, id) {
            (ScopeKind::Context, Some(id)) => format!("context:{}", ContextId(id.uuid())),
            (kind, Some(id)) => format!("{kind}:{id}"),
            (kind, None) => kind.to_string(),
        };
        Ok(Self { scope, kind, id, name: row.get("name") })
    }
}
