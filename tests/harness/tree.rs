//! Nodes of a tenant's tree.

use shared::access::ScopeKind;
use shared::ids::{NodeId, ScopeId};

use super::Actor;

/// A node: organization, division, department, unit or team.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) scope: ScopeId,
    pub(crate) kind: ScopeKind,
    pub(crate) name: String,
}

impl Node {
    /// As requests name it: `team:org_…`.
    pub(crate) fn label(&self) -> String {
        format!("{}:{}", self.kind, self.id)
    }
}

impl Actor {
    /// A new node right below the enterprise.
    pub(crate) async fn node(&self, kind: ScopeKind, name: &str) -> Node {
        self.node_below(self.root, kind, name).await
    }

    /// A new node below another.
    pub(crate) async fn node_in(&self, parent: &Node, kind: ScopeKind, name: &str) -> Node {
        self.node_below(parent.scope, kind, name).await
    }

    async fn node_below(&self, parent: ScopeId, kind: ScopeKind, name: &str) -> Node {
        let insert = "WITH new AS (
                INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
                SELECT $1, n.id, $3, p.id, p.path || n.id
                  FROM scopes p, (SELECT nextval('scope_ids') AS id) n
                 WHERE p.enterprise_id = $1 AND p.id = $2
                RETURNING id)
            INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, created_at, updated_at)
            SELECT $1, $4, new.id, $5, $6, $6 FROM new RETURNING scope_id";
        let (tenant, id, now) = (self.enterprise.uuid(), NodeId::generate(), self.app.now());
        let client = self.app.database().superuser().await;
        let row = client
            .query_one(insert, &[&tenant, &parent.0, &kind.as_str(), &id.uuid(), &name, &now])
            .await
            .unwrap();
        Node { id, scope: ScopeId(row.get(0)), kind, name: name.to_owned() }
    }
}
