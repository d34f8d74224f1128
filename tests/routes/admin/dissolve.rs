//! `POST /v1/organizations/{id}/dissolve`: what a node has goes to an heir, and nothing is lost.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role, ScopeKind};

use super::{add_member, column, text, tree};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

async fn dissolve(actor: &Actor, node: &Node, heir: &str, members: &str) -> Answer {
    let wish = json!({ "heir": heir, "members": members });
    actor.post(&format!("/v1/organizations/{}/dissolve", node.id), wish).await
}

async fn remember(actor: &Actor, text: &str, scope: &str) -> String {
    let body = json!({ "messages": text, "infer": false, "scope": scope });
    super::text(&actor.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
}

async fn scope_of(actor: &Actor, memory: &str) -> Value {
    actor.get(&format!("/v1/memories/{memory}/")).await.ok()["scope"].clone()
}

async fn found(actor: &Actor, query: &str) -> usize {
    let body = json!({ "query": query, "scope": "all" });
    actor.post("/v3/memories/search/", body).await.ok()["results"].as_array().unwrap().len()
}

/// Energy > Grid > Lines, and Solar beside Grid.
async fn company(alice: &Actor) -> [Node; 4] {
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node_in(&energy, ScopeKind::Division, "Solar").await;
    [energy, grid, lines, solar]
}

#[tokio::test]
async fn everything_of_a_node_goes_to_its_heir() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [_energy, grid, lines, solar] = company(&alice).await;
    let mia = alice.colleague("mia", &grid, Role::Member).await;
    let sam = alice.colleague("sam", &solar, Role::Viewer).await;
    let memory = remember(&mia, "the transformer hums at night", &grid.label()).await;
    let below = remember(&mia, "the mast is painted", &lines.label()).await;
    let own = remember(&mia, "my transformer", "personal").await;
    let at = |rest: &str| format!("/v1/organizations/{}/{rest}", grid.id);
    let group = text(&alice.post(&at("groups"), json!({ "name": "Shift" })).await.ok()["id"]);
    alice.put(&at(&format!("group-roles/{group}")), json!({ "role": "member" })).await.ok();
    let robot = text(&alice.post(&at("service-accounts"), json!({ "name": "Robot" })).await.ok()["id"]);
    alice.post(&at("invitations"), json!({ "email": "ida@example.org", "role": "viewer" })).await.ok();
    let narrow = json!({ "name": "narrow", "scopes": ["memories:read"], "within": [grid.label()] });
    let key = mia.with_key(&mia.post("/v1/api-keys", narrow).await.ok());
    assert_eq!(found(&key, "transformer").await, 1);

    let dissolved = dissolve(&alice, &grid, &solar.id.to_string(), "move").await;
    dissolved.assert_status(200);
    let place = dissolved.header("location").unwrap().to_owned();
    assert_eq!(alice.get(&place).await.ok(), dissolved.json());
    insta::assert_json_snapshot!(dissolved.snapshot(), @r#"
    {
      "api_keys": 1,
      "approvals": 0,
      "approvals_ended": 0,
      "finished_at": "2026-03-02T09:00:00Z",
      "groups": 1,
      "heir": {
        "id": "[org#1]",
        "kind": "division",
        "name": "Solar",
        "scope": "division:[org#1]"
      },
      "id": "[dis#1]",
      "invitations": 1,
      "kind": "division",
      "members": "move",
      "memories": 1,
      "name": "Grid",
      "node": "[org#2]",
      "nodes": 1,
      "people": 1,
      "reason": null,
      "requested_at": "2026-03-02T09:00:00Z",
      "requested_by": "[usr#1]",
      "service_accounts": 1,
      "status": "done",
      "total": 1,
      "updated_at": "2026-03-02T09:00:00Z"
    }
    "#);
    alice.get(&at("")[..at("").len() - 1]).await.assert_problem(404, "not-found", None);
    // The memory is the same one, found by those of the heir.
    assert_eq!(scope_of(&sam, &memory).await, json!(solar.label()));
    assert_eq!(scope_of(&mia, &memory).await, json!(solar.label()));
    assert_eq!(scope_of(&mia, &own).await, json!("personal"));
    assert_eq!((found(&sam, "transformer").await, found(&mia, "transformer").await), (1, 2));
    assert_eq!(scope_of(&mia, &below).await, json!(lines.label()));
    let moved = tree(&alice).await.into_iter().find(|node| node["name"] == "Lines").unwrap();
    assert_eq!(moved["parent"], json!(solar.id));
    let heir = |rest: &str| format!("/v1/organizations/{}/{rest}", solar.id);
    assert_eq!(column(&alice.get(&heir("groups")).await.ok(), "id"), std::slice::from_ref(&group));
    assert_eq!(column(&alice.get(&heir("group-roles")).await.ok(), "role"), ["member"]);
    assert_eq!(column(&alice.get(&heir("service-accounts")).await.ok(), "id"), [robot]);
    assert_eq!(column(&alice.get(&heir("invitations")).await.ok(), "email"), ["ida@example.org"]);
    assert_eq!(column(&alice.get(&heir("members")).await.ok(), "name"), ["alice", "mia", "sam"]);
    assert_eq!(found(&key, "transformer").await, 1);
    let details = "SELECT details FROM audit_log WHERE action = 'organization.dissolve'";
    let details: Value = app.database().superuser().await.query_one(details, &[]).await.unwrap().get(0);
    assert_eq!((&details["name"], &details["memories"]), (&json!("Grid"), &json!(1)));
}

#[tokio::test]
async fn what_was_shared_with_a_node_is_shared_with_its_heir() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [_, _, lines, solar] = company(&alice).await;
    let panels = alice.node_in(&solar, ScopeKind::Team, "Panels").await;
    let mia = alice.colleague("mia", &lines, Role::Member).await;
    let memory = remember(&mia, "the ladder is in the shed", "personal").await;
    mia.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": lines.label() })).await.ok();
    let sam = alice.colleague("sam", &panels, Role::Member).await;
    sam.get(&format!("/v1/memories/{memory}/")).await.assert_problem(404, "not-found", None);
    let dissolved = dissolve(&alice, &lines, &panels.id.to_string(), "leave").await.ok();
    assert_eq!((&dissolved["status"], &dissolved["memories"]), (&json!("done"), &json!(1)));
    sam.get(&format!("/v1/memories/{memory}/")).await.ok();
    assert_eq!(found(&sam, "ladder shed").await, 1);
    // It lives where it lived, and its owner still decides.
    assert_eq!(scope_of(&mia, &memory).await, json!("personal"));
    let shares = mia.get(&format!("/v1/memories/{memory}/shares/")).await.ok();
    assert_eq!(shares["results"].as_array().unwrap().len(), 1);
    let home = "SELECT scope_ids FROM memories WHERE home_scope_id = $1";
    let row = app.database().superuser().await.query_one(home, &[&mia.scope.0]).await.unwrap();
    assert_eq!(row.get::<_, Vec<i64>>(0), [mia.scope.0, panels.scope.0]);
}

#[tokio::test]
async fn roles_go_along_shrink_or_end_as_is_said() {
    let app = TestApp::new().await;
    for (choice, role) in
        [("move", json!("admin")), ("move_as_viewers", json!("viewer")), ("leave", Value::Null)]
    {
        let alice = app.owner(&choice.replace('_', "-")).await;
        let [energy, grid, _, solar] = company(&alice).await;
        let adam = alice.stranger(&format!("adam{choice}")).await;
        add_member(&alice, &grid.id.to_string(), &adam, "admin").await;
        let narrow = json!({ "name": "narrow", "scopes": ["tenancy:read"], "within": [grid.label()] });
        let made = adam.post("/v1/api-keys", narrow).await.ok();
        let key = adam.with_key(&made);
        dissolve(&alice, &grid, "parent", choice).await.assert_status(200);
        let seen = tree(&adam).await;
        let heir = seen.iter().find(|node| node["id"] == json!(energy.id));
        assert_eq!(heir.map_or(Value::Null, |node| node["role"].clone()), role, "{choice}");
        // A key that was narrowed to it does not come to reach what is above, whatever its owner does.
        for node in [&energy, &solar] {
            key.get(&format!("/v1/organizations/{}", node.id)).await.assert_status(404);
        }
        let named = "SELECT details -> 'api_keys' FROM audit_log WHERE action = 'organization.dissolve'
                      ORDER BY id DESC LIMIT 1";
        let named: Value = app.database().superuser().await.query_one(named, &[]).await.unwrap().get(0);
        assert_eq!(named, json!([made["id"]]), "{choice}");
    }
}

#[tokio::test]
async fn a_higher_role_on_the_heir_is_kept() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [_, grid, _, solar] = company(&alice).await;
    let mia = alice.colleague("mia", &solar, Role::Admin).await;
    add_member(&alice, &grid.id.to_string(), &mia, "viewer").await;
    dissolve(&alice, &grid, &solar.id.to_string(), "move").await.assert_status(200);
    let members = alice.get(&format!("/v1/organizations/{}/members", solar.id)).await.ok();
    assert_eq!(members["results"][1]["direct_role"], "admin");
}

#[tokio::test]
async fn bad_heirs_are_refused_and_nothing_is_changed() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let [energy, grid, lines, solar] = company(&alice).await;
    let harbour = bob.node(ScopeKind::Organization, "Harbour").await;
    let team = alice.node_in(&energy, ScopeKind::Team, "Board").await;
    let adam = alice.colleague("adam", &grid, Role::Admin).await;
    let before = crate::harness::Tables::of(app.database(), alice.enterprise).await;
    let refused = async |node: &Node, heir: &str, status: u16, kind: &str| {
        dissolve(&alice, node, heir, "move").await.assert_problem(status, kind, None)
    };
    let cycle = "a node cannot inherit from itself or from what is above it";
    assert_eq!(refused(&grid, &grid.id.to_string(), 409, "conflict").await, cycle);
    assert_eq!(refused(&grid, &lines.id.to_string(), 409, "conflict").await, cycle);
    refused(&grid, &harbour.id.to_string(), 404, "not-found").await;
    refused(&harbour, "parent", 404, "not-found").await;
    for (node, heir, field) in [
        // Teams are leaves, and divisions do not stand below the enterprise.
        (&grid, team.id.to_string(), "parent"),
        (&energy, "enterprise".to_owned(), "parent"),
    ] {
        dissolve(&alice, node, &heir, "move").await.assert_problem(400, "invalid", Some(field));
    }
    for (body, field) in [
        (json!({ "heir": "parent" }), Some("members")),
        (json!({ "members": "move" }), Some("heir")),
        (json!({ "heir": "mother", "members": "move" }), Some("heir")),
        (json!({ "heir": "parent", "members": "sell" }), Some("members")),
        (json!({}), Some("heir")),
    ] {
        let path = format!("/v1/organizations/{}/dissolve", grid.id);
        alice.post(&path, body).await.assert_problem(400, "invalid", field);
    }
    // Its administrator needs to be the heir's as well.
    dissolve(&adam, &grid, "parent", "move").await.assert_problem(403, "forbidden", None);
    dissolve(&adam, &grid, &solar.id.to_string(), "move").await.assert_problem(404, "not-found", None);
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    let before = before.without(alice.user);
    dissolve(&key, &grid, "parent", "move").await.assert_problem(403, "forbidden", None);
    before.assert_kept(&crate::harness::Tables::of(app.database(), alice.enterprise).await, "bad heirs");
    assert_eq!(tree(&alice).await.len(), 5);
}

#[tokio::test]
async fn roles_move_up_to_the_role_of_whoever_dissolves() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [energy, grid, lines, _] = company(&alice).await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let olga = alice.stranger("olga").await;
    add_member(&alice, &lines.id.to_string(), &olga, "owner").await;
    dissolve(&adam, &lines, &grid.id.to_string(), "leave").await.assert_problem(403, "forbidden", None);
    dissolve(&alice, &lines, &grid.id.to_string(), "move").await.assert_status(200);
    // A group's role does not come to own the enterprise.
    let group = text(&alice.post("/v1/enterprise/groups", json!({ "name": "Board" })).await.ok()["id"]);
    let role = json!({ "role": "owner" });
    let other = alice.node(ScopeKind::Organization, "Other").await;
    alice.put(&format!("/v1/organizations/{}/group-roles/{group}", other.id), role).await.ok();
    dissolve(&alice, &other, "enterprise", "move").await.assert_status(200);
    assert_eq!(column(&alice.get("/v1/enterprise/group-roles").await.ok(), "role"), ["admin"]);
}

#[tokio::test]
async fn invitations_move_up_to_the_role_of_whoever_dissolves() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [_energy, grid, lines, _] = company(&alice).await;
    let quin = alice.colleague("quin", &grid, Role::Admin).await;
    add_member(&alice, &lines.id.to_string(), &quin, "owner").await;
    let invite = json!({ "email": "alt@example.org", "role": "owner" });
    let invitations = format!("/v1/organizations/{}/invitations", lines.id);
    let token = text(&quin.post(&invitations, invite).await.ok()["token"]);
    quin.delete(&format!("/v1/organizations/{}/members/{}", lines.id, quin.user)).await.assert_status(204);
    dissolve(&quin, &lines, "parent", "move").await.assert_problem(403, "forbidden", None);
    // Nor is it accepted as it is: quin could not invite an owner any more.
    let join = async || {
        let body = json!({ "email": "alt@example.org", "password": "nine patient herons", "name": "Alt",
                           "invitation": token });
        app.anonymous().post("/v1/auth/register", body).await
    };
    join().await.assert_problem(409, "conflict", None);
    // Whoever may make owners answers for it, and it is good again.
    dissolve(&alice, &lines, "parent", "move").await.assert_status(200);
    join().await.assert_status(201);
    let members = alice.get(&format!("/v1/organizations/{}/members", grid.id)).await.ok();
    assert_eq!(column(&members, "role").iter().filter(|role| *role == "owner").count(), 2, "{members}");
}

#[tokio::test]
async fn nothing_becomes_visible_to_more_people_than_its_class_allows() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [_, grid, lines, solar] = company(&alice).await;
    let secret = json!({
        "messages": "the code of the gate", "infer": false, "scope": lines.label(), "classification": "restricted",
    });
    let secret = super::text(&alice.post("/v3/memories/add/", secret).await.ok()["results"][0]["id"]);
    remember(&alice, "the gate is green", &lines.label()).await;
    let refused = dissolve(&alice, &lines, &grid.id.to_string(), "leave").await;
    let refused = refused.assert_problem(409, "conflict", None);
    assert_eq!(
        refused,
        format!(
            "1 memory of this team is classified restricted and may not be seen by a division: choose another heir, or \
             move or reclassify it first (1 memory: {secret})"
        )
    );
    let team = alice.node_in(&solar, ScopeKind::Team, "Panels").await;
    let done = dissolve(&alice, &lines, &team.id.to_string(), "leave").await.ok();
    assert_eq!(done["memories"], 2);
}
