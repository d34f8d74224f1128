//! Two teams of an organization, and a rule of the one about approvals: where most stories about agreeing happen.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{Actor, Client as _, Node, TestApp};

/// The teams Alpha and Beta, and who is in them.
pub(crate) struct TwoTeams {
    pub(crate) app: TestApp,
    /// Owns the enterprise.
    pub(crate) alice: Actor,
    /// What both teams are of.
    pub(crate) north: Node,
    pub(crate) alpha: Node,
    pub(crate) beta: Node,
    /// Member and admin of Alpha, member of Beta.
    pub(crate) ann: Actor,
    pub(crate) lead: Actor,
    pub(crate) ben: Actor,
}

impl TwoTeams {
    /// With Alpha's rule about what is shared from there.
    pub(crate) async fn under(rule: Value) -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let north = alice.node(ScopeKind::Organization, "North").await;
        let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
        let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
        let ann = alice.colleague("ann", &alpha, Role::Member).await;
        let lead = alice.colleague("lead", &alpha, Role::Admin).await;
        let ben = alice.colleague("ben", &beta, Role::Member).await;
        let policy = format!("/v1/organizations/{}/sharing-policy", alpha.id);
        alice.put(&policy, json!({ "approvals": [rule] })).await.ok();
        Self { app, alice, north, alpha, beta, ann, lead, ben }
    }
}
