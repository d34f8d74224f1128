//! Requests for approval in a test's world.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{Actor, Client as _, Node};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Asks to share the team's memory with its sibling team; returns the ids of the request and of a delegate who may
/// decide, and the person in whose place the delegate decides.
pub(super) async fn asked(
    owner: &Actor,
    member: &Actor,
    team: &Node,
    sibling: &Node,
    memory: &str,
) -> (String, String, Actor) {
    let rules = json!({ "approvals": [{ "directions": ["across"], "author_roles": ["owner"] }] });
    owner.put(&format!("/v1/organizations/{}/sharing-policy", team.id), rules).await.ok();
    let lead = owner.colleague(&format!("lead-of-{}", team.name.replace(' ', "-")), team, Role::Admin).await;
    let with = json!({ "with": sibling.label(), "reason": team.name });
    let asked = owner.post(&format!("/v1/memories/{memory}/shares/"), with).await;
    asked.assert_status(202);
    let until = json!({ "user_id": member.user, "ends_at": "2026-04-01T00:00:00Z" });
    let delegate = lead.post(&format!("/v1/organizations/{}/approval-delegates", team.id), until).await.ok();
    (text(&asked.json()["approval"]["id"]), text(&delegate["id"]), lead)
}

/// Creates a context with memories of two teams, whose people must both agree to share it with everybody.
pub(super) async fn asked_of_several(owner: &Actor, above: &Node, marker: &str) {
    let context =
        text(&owner.post("/v1/contexts/", json!({ "name": format!("{marker} tour") })).await.ok()["id"]);
    for name in ["depot", "annex"] {
        let team = owner.node_in(above, ScopeKind::Team, &format!("{marker} {name}")).await;
        owner.colleague(&format!("{marker}-{name}-lead"), &team, Role::Admin).await;
        let rules = json!({ "approvals": [{ "directions": ["up"] }] });
        owner.put(&format!("/v1/organizations/{}/sharing-policy", team.id), rules).await.ok();
        let fact = format!("The {marker} is fed in the {name}");
        let body = json!({ "messages": fact, "infer": false, "scope": team.label() });
        let added = owner.post("/v3/memories/add/", body).await.ok();
        let pins = format!("/v1/memories/{}/shares/", text(&added["results"][0]["id"]));
        owner.post(&pins, json!({ "with": format!("context:{context}") })).await.assert_status(201);
    }
    let with = json!({ "with": "enterprise" });
    owner.post(&format!("/v1/contexts/{context}/shares/"), with).await.assert_status(202);
}
