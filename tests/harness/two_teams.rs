//! Two teams of an organization, one with a rule about approvals: the setting of most tests of approvals.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{Actor, Client as _, Node, TestApp};

/// The teams Alpha and Beta, and their people.
pub(crate) struct TwoTeams {
    pub(crate) app: TestApp,
    /// The owner of the enterprise.
    pub(crate) alice: Actor,
    /// The parent of both teams.
    pub(crate) north: Node,
    pub(crate) alpha: Node,
    pub(crate) beta: Node,
    /// A member of Alpha, an admin of Alpha, and a member of Beta.
    pub(crate) ann: Actor,
    pub(crate) lead: Actor,
    pub(crate) ben: Actor,
}

impl TwoTeams {
    /// Creates the teams with Alpha's rule about what is shared from there.
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
