//! Requests that those above a node decide: once they have waited, or nobody is left on the node itself.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

/// A division with a rule, a team below it, and an organization above it.
struct Office {
    app: TestApp,
    alice: Actor,
    north: Node,
    division: Node,
    /// Admins of the organization and of the division.
    above: Actor,
    there: Actor,
    /// A member of the team, who asks.
    mia: Actor,
    /// Who holds nothing that decides.
    side: Actor,
    memory: String,
    south: Node,
    /// Of the organization with which it is shared.
    sol: Actor,
}

impl Office {
    async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let north = alice.node(ScopeKind::Organization, "North").await;
        let south = alice.node(ScopeKind::Organization, "South").await;
        let division = alice.node_in(&north, ScopeKind::Division, "Platform").await;
        let team = alice.node_in(&division, ScopeKind::Team, "Alpha").await;
        let above = alice.colleague("above", &north, Role::Admin).await;
        let there = alice.colleague("there", &division, Role::Admin).await;
        let mia = alice.colleague("mia", &team, Role::Member).await;
        let west = alice.node(ScopeKind::Organization, "West").await;
        let side = alice.colleague("side", &west, Role::Member).await;
        let sol = alice.colleague("sol", &south, Role::Member).await;
        let rule = json!({ "directions": ["out"], "escalate_after_hours": 24, "expires_after_hours": 700 });
        let policy = format!("/v1/organizations/{}/sharing-policy", division.id);
        alice.put(&policy, json!({ "approvals": [rule] })).await.ok();
        let memory = remember_with(&mia, "Alpha ships on Friday", json!({ "scope": team.label() })).await;
        Self { app, alice, north, division, above, there, mia, side, memory, south, sol }
    }

    async fn ask(&self) -> String {
        let with = json!({ "with": self.south.label() });
        let asked = self.mia.post(&format!("/v1/memories/{}/shares/", self.memory), with).await;
        asked.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned()
    }

    /// Somebody lets the one at the side decide in their place.
    async fn delegate(&self, from: &Actor, node: &Node) {
        let until = self.app.now() + TimeDelta::days(20);
        let new = json!({ "user_id": self.side.user, "ends_at": until });
        from.post(&format!("/v1/organizations/{}/approval-delegates", node.id), new).await.assert_status(201);
    }

    async fn deactivate(&self, them: &Actor) {
        self.alice.post(&format!("/v1/users/{}/deactivate", them.user), json!({})).await.ok();
    }
}

async fn approve(actor: &Actor, id: &str) -> Answer {
    actor.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await
}

async fn to_decide(actor: &Actor) -> Value {
    actor.get("/v1/approvals/?to_decide=true").await.ok()["results"].clone()
}

#[tokio::test]
async fn delegates_of_those_above_decide_once_those_above_do() {
    for inherited in [false, true] {
        let office = Office::new().await;
        let id = office.ask().await;
        // On the node where they hold the role, or on the one with the rule.
        office.delegate(&office.above, if inherited { &office.division } else { &office.north }).await;
        approve(&office.side, &id).await.assert_problem(404, "not-found", None);
        assert_eq!(to_decide(&office.side).await, json!([]));
        office.app.advance(TimeDelta::hours(24));
        assert_eq!(to_decide(&office.side).await[0]["id"], json!(id));
        let question = json!({ "user_id": office.side.user, "action": "decide_approval", "approval_id": id });
        let told = office.there.post("/v1/access/check", question).await.ok();
        let expected = format!(
            "in place of above ({}), who holds the role admin or more above {}, and it has escalated, or nobody else holds it \
             there",
            office.above.user,
            office.division.in_words()
        );
        assert_eq!((&told["allowed"], &told["reason"]), (&json!(true), &json!(expected)));
        // In nobody's place whose account is deactivated.
        office.deactivate(&office.above).await;
        approve(&office.side, &id).await.assert_problem(404, "not-found", None);
        office.alice.post(&format!("/v1/users/{}/reactivate", office.above.user), json!({})).await.ok();
        approve(&office.side, &id).await.ok();
        office.sol.get(&one(&office.memory)).await.ok();
    }
}

#[tokio::test]
async fn those_above_decide_at_once_when_nobody_is_left_on_the_node() {
    let office = Office::new().await;
    let id = office.ask().await;
    approve(&office.above, &id).await.assert_problem(403, "forbidden", None);
    assert_eq!(to_decide(&office.above).await, json!([]));
    office.deactivate(&office.there).await;
    assert_eq!(to_decide(&office.above).await[0]["id"], json!(id));
    approve(&office.above, &id).await.ok();
    office.sol.get(&one(&office.memory)).await.ok();
}

#[tokio::test]
async fn the_requester_is_nobody_who_is_left() {
    let office = Office::new().await;
    let role = json!({ "user_id": office.mia.user, "role": "admin" });
    office.alice.post(&format!("/v1/organizations/{}/members", office.division.id), role).await.ok();
    let id = office.ask().await;
    approve(&office.above, &id).await.assert_problem(403, "forbidden", None);
    let path = format!("/v1/organizations/{}/members/{}", office.division.id, office.there.user);
    office.alice.delete(&path).await.assert_status(204);
    approve(&office.above, &id).await.ok();
}
