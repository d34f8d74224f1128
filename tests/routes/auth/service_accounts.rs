//! `…/service-accounts`: accounts of programs.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::ids::UserId;

use crate::harness::{Actor, Client as _, Node, TestApp};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}

/// A service account that a node owns.
async fn robot(actor: &Actor, node: &Node) -> String {
    let path = format!("/v1/organizations/{}/service-accounts", node.id);
    text(&actor.post(&path, json!({ "name": "Robot" })).await.ok()["id"])
}

async fn give_role(actor: &Actor, node: &Node, account: &str, role: &str) {
    let body = json!({ "user_id": account, "role": role });
    actor.post(&format!("/v1/organizations/{}/members", node.id), body).await.ok();
}

/// Whoever calls with a new key of that account.
async fn with_key_of(actor: &Actor, account: &str, body: Value) -> Actor {
    let key = actor.post(&format!("/v1/service-accounts/{account}/api-keys"), body).await.ok();
    actor.with_key(&key)
}

fn key() -> Value {
    json!({ "name": "key", "scopes": ["memories:read", "memories:write", "tenancy:read"] })
}

#[tokio::test]
async fn a_service_account_remembers_and_recalls_with_the_roles_it_was_given() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let account = robot(&adam, &energy).await;
    let program = with_key_of(&adam, &account, key()).await;
    let me = program.get("/v1/auth/me").await.ok();
    assert_eq!((&me["user"]["id"], &me["user"]["name"]), (&json!(account), &json!("Robot")));
    let add = |scope: &str| json!({ "messages": "the pump is new", "infer": false, "scope": scope });
    program.post("/v3/memories/add/", add("personal")).await.ok();
    program.post("/v3/memories/add/", add(&grid.label())).await.assert_problem(404, "not-found", None);
    give_role(&adam, &grid, &account, "member").await;
    program.post("/v3/memories/add/", add(&grid.label())).await.ok();
    // Its own memories are nobody else's, also not its administrators'.
    let own = adam.post("/v3/memories/", json!({ "scope": "all" })).await.ok();
    assert_eq!(own["results"].as_array().unwrap().len(), 1);
    let listed = adam.get("/v1/organizations").await;
    listed.assert_status(200);
    let shown = adam.get(&format!("/v1/service-accounts/{account}")).await;
    insta::assert_json_snapshot!(shown.snapshot(), @r#"
    {
      "created_at": "2026-03-02T09:00:00Z",
      "deactivated_at": null,
      "id": "[usr#1]",
      "name": "Robot",
      "owned_by": {
        "id": "[org#1]",
        "kind": "organization",
        "name": "Energy",
        "scope": "organization:[org#1]"
      },
      "status": "active"
    }
    "#);
    let listed = adam.get(&format!("/v1/organizations/{}/service-accounts", energy.id)).await.ok();
    assert_eq!(listed["results"], json!([shown.json()]));
}

/// Every account has an address in the database; a program's is made up, and nobody could write to it.
#[tokio::test]
async fn it_has_no_address_and_cannot_be_named_by_one() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let account = robot(&alice, &energy).await;
    give_role(&alice, &energy, &account, "member").await;
    let groups = format!("/v1/organizations/{}/groups", energy.id);
    let group = text(&alice.post(&groups, json!({ "name": "Programs" })).await.ok()["id"]);
    let joined = alice.post(&format!("/v1/groups/{group}/members"), json!({ "user_id": account })).await.ok();
    assert_eq!(joined["email"], Value::Null);
    let program = with_key_of(&alice, &account, key()).await;
    let me = program.get("/v1/auth/me").await.ok();
    assert_eq!(me["user"]["email"], Value::Null, "{me}");
    let ping = program.get("/v1/ping/").await.ok();
    assert_eq!((&ping["user_email"], &ping["project_id"]), (&Value::Null, &json!(account)));
    for list in [
        format!("/v1/organizations/{}/members", energy.id),
        format!("/v1/groups/{group}/members"),
        "/v1/users".to_owned(),
        format!("/v1/users/{account}"),
    ] {
        let listed = alice.get(&list).await;
        let rows = listed.ok();
        let rows = rows["results"].as_array().cloned().unwrap_or_else(|| vec![rows]);
        let it = rows.iter().find(|row| row["user_id"] == account || row["id"] == account).unwrap();
        assert_eq!(it["email"], Value::Null, "{list}");
        assert!(!listed.to_string().contains(".invalid"), "{list}");
    }
    let uuid = account.parse::<UserId>().unwrap().uuid();
    let address = format!("{uuid}@service-account.invalid");
    let refused = "service accounts have no e-mail address, they are named by their id";
    let context = text(&alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    for path in [
        format!("/v1/organizations/{}/members", energy.id),
        format!("/v1/organizations/{}/invitations", energy.id),
        format!("/v1/contexts/{context}/members/"),
    ] {
        let named = alice.post(&path, json!({ "email": address, "role": "member" })).await;
        let detail = named.assert_problem(400, "invalid", Some("email"));
        assert!(detail.contains(refused), "{path}: {detail}");
    }
    let found = alice.get(&format!("/v1/users?email={address}")).await;
    assert!(found.assert_problem(400, "invalid", Some("email")).contains(refused));
}

#[tokio::test]
async fn it_ends_with_its_deactivation_and_needs_new_keys_afterwards() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let account = robot(&adam, &energy).await;
    let program = with_key_of(&adam, &account, key()).await;
    let path = format!("/v1/service-accounts/{account}");
    let ended = adam.post(&format!("{path}/deactivate"), json!({})).await.ok();
    assert_eq!(ended["status"], "deactivated");
    assert_eq!(adam.post(&format!("{path}/deactivate"), json!({})).await.ok(), ended);
    program.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
    let keys = adam.post(&format!("{path}/api-keys"), key()).await;
    assert_eq!(keys.assert_problem(409, "conflict", None), "this account is deactivated");
    adam.post(&format!("{path}/reactivate"), json!({})).await.ok();
    program.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
    with_key_of(&adam, &account, key()).await.get("/v1/auth/me").await.ok();
}

#[tokio::test]
async fn who_made_its_keys_is_shown_and_told_when_they_leave() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let account = robot(&adam, &energy).await;
    let program = with_key_of(&adam, &account, key()).await;
    let keys = format!("/v1/service-accounts/{account}/api-keys");
    let listed = alice.get(&keys).await.ok()["results"][0].clone();
    assert_eq!(listed["created_by"], json!(adam.user));
    let deactivate = format!("/v1/users/{}/deactivate", adam.user);
    let left = json!([{ "id": listed["id"], "service_account": account, "name": "key" }]);
    for _ in 0..2 {
        assert_eq!(alice.post(&deactivate, json!({})).await.ok()["service_account_keys"], left);
    }
    // The program goes on until somebody replaces its key.
    program.get("/v1/auth/me").await.ok();
    alice.delete(&format!("{keys}/{}", text(&listed["id"]))).await.ok();
    assert_eq!(alice.post(&deactivate, json!({})).await.ok()["service_account_keys"], json!([]));
}

#[tokio::test]
async fn a_program_is_not_the_last_owner() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let account = robot(&alice, &energy).await;
    let owner = json!({ "user_id": account, "role": "owner" });
    alice.post("/v1/enterprise/members", owner.clone()).await.ok();
    let own = format!("/v1/enterprise/members/{}", alice.user);
    let needs = "an enterprise needs an active owner who is a person: make somebody else one first";
    assert_eq!(alice.delete(&own).await.assert_problem(409, "conflict", None), needs);
    let program = with_key_of(&alice, &account, json!({ "name": "key", "scopes": ["tenancy:write"] })).await;
    let deactivate = format!("/v1/users/{}/deactivate", alice.user);
    assert_eq!(program.post(&deactivate, json!({})).await.assert_problem(409, "conflict", None), needs);
    // A context is handed to a person, however high the program stands.
    let launch = text(&alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let [ann, ben] = [
        alice.enterprise_colleague("ann", Role::Owner).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let members = format!("/v1/contexts/{launch}/members/");
    alice.post(&members, owner).await.ok();
    let needs = "a context needs an active owner who is a person: make somebody else one first, or delete it";
    let leave = alice.delete(&format!("{members}{}/", alice.user)).await;
    assert_eq!(leave.assert_problem(409, "conflict", None), needs);
    alice.post(&members, json!({ "user_id": ben.user, "role": "viewer" })).await.ok();
    ann.post(&deactivate, json!({})).await.ok();
    assert_eq!(ben.get(&format!("/v1/contexts/{launch}/")).await.ok()["role"], "owner");
}

#[tokio::test]
async fn nobody_acts_through_an_account_that_holds_more_than_they_do() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let solar = alice.node(ScopeKind::Organization, "Solar").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let account = robot(&adam, &energy).await;
    let program = with_key_of(&adam, &account, key()).await;
    give_role(&alice, &solar, &account, "viewer").await;
    let path = format!("/v1/service-accounts/{account}/api-keys");
    let refused = adam.post(&path, key()).await.assert_problem(403, "forbidden", None);
    assert_eq!(refused, "this account holds a role somewhere that is above yours there");
    let made = adam.get(&path).await.ok()["results"][0]["id"].clone();
    let rotate = format!("{path}/{}/rotate", text(&made));
    adam.post(&rotate, json!({})).await.assert_problem(403, "forbidden", None);
    program.get("/v1/auth/me").await.ok();
    // Taking away is always possible.
    adam.delete(&format!("{path}/{}", text(&made))).await.assert_status(204);
    program.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
    alice.post(&path, key()).await.assert_status(201);
}

#[tokio::test]
async fn service_accounts_are_their_nodes_administrators_affair() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let mia = alice.colleague("mia", &energy, Role::Member).await;
    let sam = alice.stranger("sam").await;
    let account = robot(&alice, &energy).await;
    let owned = format!("/v1/organizations/{}/service-accounts", energy.id);
    let path = format!("/v1/service-accounts/{account}");
    mia.get(&path).await.ok();
    mia.post(&owned, json!({ "name": "Mine" })).await.assert_problem(403, "forbidden", None);
    for (who, status, kind) in [(&mia, 403, "forbidden"), (&sam, 404, "not-found"), (&bob, 404, "not-found")]
    {
        who.patch(&path, json!({ "name": "Mine" })).await.assert_problem(status, kind, None);
        who.get(&format!("{path}/api-keys")).await.assert_problem(status, kind, None);
        who.post(&format!("{path}/api-keys"), key()).await.assert_problem(status, kind, None);
        who.post(&format!("{path}/deactivate"), json!({})).await.assert_problem(status, kind, None);
    }
    let unknown = format!("/v1/service-accounts/{}", UserId::generate());
    alice.get(&unknown).await.assert_problem(404, "not-found", None);
    // A person is no service account.
    alice.get(&format!("/v1/service-accounts/{}", mia.user)).await.assert_problem(404, "not-found", None);
    alice.post(&owned, json!({ "name": "" })).await.assert_problem(400, "invalid", Some("name"));
    assert_eq!(alice.patch(&path, json!({ "name": "Crane" })).await.ok()["name"], "Crane");
    let with_key = alice.with_api_key().await;
    with_key.post(&format!("{path}/api-keys"), key()).await.assert_problem(403, "forbidden", None);
    let kept = alice.delete(&format!("/v1/organizations/{}", energy.id)).await;
    let kept = kept.assert_problem(409, "conflict", None);
    assert_eq!(kept, "this organization is not empty: 1 service account that it owns");
    let accounts = alice.get("/v1/users?limit=100").await.ok();
    let kinds = accounts["results"].as_array().unwrap().iter().filter(|user| user["kind"] == "service");
    assert_eq!(kinds.count(), 1);
}
