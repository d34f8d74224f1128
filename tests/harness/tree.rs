//! Nodes of a tenant's tree.

use serde_json::json;
use shared::access::ScopeKind;
use shared::ids::{NodeId, ScopeId};

use super::{Actor, Client as _};

/// A node: organization, division, department, unit or team.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) scope: ScopeId,
    pub(crate) kind: ScopeKind,
    pub(crate) name: String,
}

impl Node {
    /// The name of the node's scope in requests: `team:org_…`.
    pub(crate) fn label(&self) -> String {
        format!("{}:{}", self.kind, self.id)
    }

    /// The node in a sentence: `Alpha (team:org_…)`.
    pub(crate) fn in_words(&self) -> String {
        format!("{} ({})", self.name, self.label())
    }
}

impl Actor {
    /// Creates a node directly below the enterprise.
    pub(crate) async fn node(&self, kind: ScopeKind, name: &str) -> Node {
        self.make_node(kind, name, None).await
    }

    /// Creates a node below another.
    pub(crate) async fn node_in(&self, parent: &Node, kind: ScopeKind, name: &str) -> Node {
        self.make_node(kind, name, Some(parent)).await
    }

    async fn make_node(&self, kind: ScopeKind, name: &str, parent: Option<&Node>) -> Node {
        let body = json!({ "kind": kind.as_str(), "name": name, "parent": parent.map(|parent| parent.id) });
        let made = self.post("/v1/organizations", body).await.ok();
        let id: NodeId = made["id"].as_str().unwrap().parse().unwrap();
        let scope = "SELECT scope_id FROM sub_organizations WHERE id = $1";
        let client = self.app.database().superuser().await;
        let row = client.query_one(scope, &[&id.uuid()]).await.unwrap();
        Node { id, scope: ScopeId(row.get(0)), kind, name: name.to_owned() }
    }
}
