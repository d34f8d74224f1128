//! Runs every command of the guides to sharing and to people, as written and in order, against a real server; and
//! checks that the API reference is complete.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, Node, TestApp};
use crate::operations;

/// What the commands of a guide are, each block after the other.
fn commands(guide: &str) -> Vec<String> {
    let path = format!("{}/../docs/guides/{guide}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// Runs the commands with these variables; each must succeed. A request that is refused makes curl fail.
async fn run(guide: &str, variables: Vec<(&'static str, String)>) {
    let mut script =
        String::from("set -euo pipefail\ncurl() { command curl --fail-with-body -sS \"$@\"; echo; }\n");
    for block in commands(guide) {
        let _ = writeln!(script, "{block}");
    }
    let output = tokio::task::spawn_blocking(move || {
        Command::new("bash").arg("-c").arg(script).envs(variables).output().expect("bash and curl")
    });
    let output = output.await.unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{guide}: {}", said.join("\n"));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn remember(actor: &Actor, content: &str, more: Value) -> String {
    let mut body = json!({ "messages": content, "infer": false });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&actor.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
}

#[tokio::test]
async fn sharing() {
    let app = TestApp::new().await;
    let owner = app.registered("acme").await;
    let north = owner.node(ScopeKind::Organization, "North").await;
    let team = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
    let ann = owner.colleague("ann", &team, Role::Member).await;
    // The guide shares with somebody by this address.
    let mia = owner.colleague("mia", &team, Role::Viewer).await;
    let address = "UPDATE users SET email = 'mia@acme.example' WHERE id = $1";
    app.database().superuser().await.execute(address, &[&mia.user.uuid()]).await.unwrap();
    let memory = remember(&owner, "The audit begins in May", json!({})).await;
    let note = remember(&owner, "Alpha ships on Friday", json!({})).await;
    let public = remember(&owner, "We open at nine", json!({ "classification": "public" })).await;
    let rule = json!({ "approvals": [{ "directions": ["up"] }] });
    owner.put(&format!("/v1/organizations/{}/sharing-policy", team.id), rule).await.ok();
    let asked = remember(&ann, "Alpha tests on Thursday", json!({ "scope": team.label() })).await;
    let asked = ann.post(&format!("/v1/memories/{asked}/shares/"), json!({ "with": north.label() })).await;
    asked.assert_status(202);
    let variables = vec![
        ("MEM0_URL", app.serve().await),
        ("TOKEN", owner.token.clone()),
        ("MEMORY", memory),
        ("NOTE", note),
        ("PUBLIC", public),
        ("TEAM", team.id.to_string()),
        ("NODE", north.id.to_string()),
        ("APPROVAL", text(&asked.json()["approval"]["id"])),
    ];
    run("sharing", variables).await;
}

/// A dissolution of more than one step, which no worker has come by to finish.
async fn under_way(app: &TestApp, owner: &Actor, above: &Node) -> String {
    let node = owner.node_in(above, ScopeKind::Team, "Crowded").await;
    remember(owner, "The first of many", json!({ "scope": node.label() })).await;
    let copy = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                      capture_id, capture_position, created_at, updated_at)
                SELECT enterprise_id, gen_random_uuid(), author_id, home_scope_id, scope_ids, 'copy number ' || n,
                       sha256(n::text::bytea), gen_random_uuid(), 0, created_at, updated_at
                  FROM memories, generate_series(1, 1100) n WHERE content = 'The first of many'";
    app.database().superuser().await.execute(copy, &[]).await.unwrap();
    let wish = json!({ "heir": "parent", "members": "leave" });
    let begun = owner.post(&format!("/v1/organizations/{}/dissolve", node.id), wish).await;
    text(&begun.assert_status(202).json()["id"])
}

#[tokio::test]
async fn people() {
    let app = TestApp::new().await;
    let owner = app.registered("acme").await;
    let north = owner.node(ScopeKind::Organization, "North").await;
    let team = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
    let closing = owner.node_in(&north, ScopeKind::Team, "Grid").await;
    let person = owner.stranger("mia").await;
    let password = "UPDATE users SET password_hash = 'forgotten' WHERE id = $1";
    app.database().superuser().await.execute(password, &[&person.user.uuid()]).await.unwrap();
    let leaver = owner.enterprise_colleague("cas", Role::Member).await;
    remember(&leaver, "My locker is 14", json!({})).await;
    owner.call(http::Method::POST, &format!("/v1/users/{}/deactivate", leaver.user), None).await.ok();
    let group = owner.post("/v1/enterprise/groups", json!({ "name": "Leads" })).await.ok();
    let accounts = format!("/v1/organizations/{}/service-accounts", team.id);
    let bot = owner.post(&accounts, json!({ "name": "Robot" })).await.ok();
    let memory = remember(&owner, "Alpha ships on Friday", json!({ "scope": team.label() })).await;
    let key = owner.post("/v1/api-keys", json!({ "name": "ci", "scopes": ["memories:read"] })).await.ok();
    let variables = vec![
        ("MEM0_URL", app.serve().await),
        ("TOKEN", owner.token.clone()),
        ("TEAM", team.id.to_string()),
        ("CLOSING", closing.id.to_string()),
        ("PERSON", person.user.to_string()),
        ("LEAVER", leaver.user.to_string()),
        ("GROUP", text(&group["id"])),
        ("BOT", text(&bot["id"])),
        ("MEMORY", memory),
        ("KEY", text(&key["id"])),
        ("DISSOLUTION", under_way(&app, &owner, &north).await),
    ];
    run("people", variables).await;
}

#[test]
fn the_api_reference_has_every_route_and_no_other() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/rest.md");
    let text = std::fs::read_to_string(reference).unwrap();
    // Routes stand in inline code: `GET /v1/enterprise`.
    let route = |code: &&str| {
        let (method, path) = code.split_once(' ').unwrap_or_default();
        ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method) && path.starts_with('/')
    };
    let named: BTreeSet<String> =
        text.split('`').skip(1).step_by(2).filter(route).map(ToOwned::to_owned).collect();
    let routed: BTreeSet<String> =
        server::operations().iter().map(|(_, operation)| operations::name(operation)).collect();
    let missing: Vec<_> = routed.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&routed).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
}
