//! Every operation, MCP tool, resource and prompt, performed by somebody who may, and the rows that it left in the log.
//!
//! `trail.txt` lists what each wrote and is reviewed when it changes. Whatever is not known to show and change nothing
//! must write a row: a new route without one fails here.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::{count, rows};
use crate::harness::{Actor, Client as _, TestApp, World, reviewed_file_changed};
use crate::isolation::tools;
use crate::operations::{self, Call};

/// What leaves no row, each for its reason.
const WITHOUT_TRACE: &[(&str, &str)] = &[
    ("GET /health", "nobody asks, nothing is shown"),
    ("GET /ready", "nobody asks, nothing is shown"),
    ("GET /.well-known/jwks.json", "public keys"),
    ("POST /v1/auth/register", "its row is in the tenant that it makes"),
    ("POST /v1/auth/refresh", "an unknown token is nobody's"),
    ("POST /v1/auth/password/reset", "an unknown token is nobody's"),
    ("GET /.well-known/oauth-authorization-server", "the same for everybody"),
    ("GET /.well-known/oauth-protected-resource", "the same for everybody"),
    ("GET /.well-known/oauth-protected-resource/mcp", "the same for everybody"),
    // What these do once somebody signed in is in `routes::auth::oauth`.
    ("GET /oauth/authorize", "a browser in which nobody signed in"),
    ("POST /oauth/login", "a form that was not given out"),
    ("GET /oauth/consent", "a browser in which nobody signed in"),
    ("POST /oauth/consent", "a browser in which nobody signed in"),
    ("GET /oauth/applications", "a browser in which nobody signed in"),
    ("POST /oauth/applications", "a browser in which nobody signed in"),
    ("POST /oauth/token", "an unknown code is nobody's"),
    ("POST /oauth/register", "an application belongs to no tenant"),
    ("POST /oauth/revoke", "an unknown token is nobody's"),
    ("POST /oauth/introspect", "an application that proves nothing is nobody's"),
    ("POST /oauth/device_authorization", "a device belongs to no tenant yet"),
    ("GET /oauth/device", "a browser in which nobody signed in"),
    ("POST /oauth/device", "a browser in which nobody signed in"),
    ("POST /oauth/device/decision", "a browser in which nobody signed in"),
    ("GET /v1/links/{token}", "an unknown token is nobody's"),
    ("GET /v1/auth/me", "only the caller's own account"),
    ("GET /v1/auth/sessions", "only the caller's own"),
    ("GET /v1/api-keys", "only the caller's own"),
    ("GET /v1/auth/applications", "only the caller's own"),
    ("GET /v1/auth/identity-providers", "addresses, no content"),
    ("GET /v1/auth/identity-providers/{id}/applications", "names, no content"),
    ("GET /v1/enterprise/service-accounts", "names of accounts, no content"),
    ("GET /v1/organizations/{id}/service-accounts", "names of accounts, no content"),
    ("GET /v1/service-accounts/{id}", "names of accounts, no content"),
    ("GET /v1/service-accounts/{id}/api-keys", "names of keys, no content"),
    ("GET /v1/enterprise/groups", "names of groups, no content"),
    ("GET /v1/organizations/{id}/groups", "names of groups, no content"),
    ("GET /v1/groups/{id}", "names of groups, no content"),
    ("GET /v1/enterprise/group-roles", "names of groups, no content"),
    ("GET /v1/organizations/{id}/group-roles", "names of groups, no content"),
    ("GET /v1/enterprise", "a name, no content"),
    ("GET /v1/dissolutions", "names of nodes, no content"),
    ("GET /v1/dissolutions/{id}", "names of nodes, no content"),
    ("POST /v1/dissolutions/{id}/cancel", "it is done already"),
    ("GET /v1/reassignments", "ids and numbers, no content"),
    ("GET /v1/reassignments/{id}", "ids and numbers, no content"),
    ("GET /v1/organizations", "names of nodes, no content"),
    ("GET /v1/organizations/{id}", "names of nodes, no content"),
    ("GET /v1/scopes", "names of nodes, no content"),
    ("GET /v1/audit/settings", "no content"),
    ("GET /v1/ping/", "only the caller's own account"),
    ("GET /v1/stats/", "numbers, no content"),
    ("tool list_scopes", "names of nodes, no content"),
    ("tool whoami", "only the caller's own account"),
    ("tool request_approval (personal)", "nobody has to approve it"),
    ("prompt capture-after-answer", "a text of ours"),
    ("resource profile", "only the caller's own account"),
    ("resources/list", "names of nodes, no content"),
    ("completion/complete", "names of nodes, no content"),
];

/// What takes away something that another call needs.
fn spoils(call: &Call) -> bool {
    let ends = [
        "/logout",
        "/logout-everywhere",
        "/deactivate",
        "/reactivate",
        "/password",
        "/password-reset",
        "/dissolve",
        "/reassign-memories",
        "/approve/",
        "/deny/",
        "/withdraw/",
        "/scope/",
    ];
    call.method == Method::DELETE || ends.iter().any(|end| call.path.ends_with(end))
}

/// What has to be so before a call does anything.
async fn prepare(world: &World, call: &Call) {
    let leaves = |path: &str| path.ends_with("/reassign-memories") || path.ends_with("/reactivate");
    if let Some((account, _)) = call.path.rsplit_once('/').filter(|_| leaves(&call.path)) {
        world.owner.call(Method::POST, &format!("{account}/deactivate"), None).await.assert_status(200);
    }
    if call.path.ends_with("/password-reset") {
        let password = "UPDATE users SET password_hash = 'forgotten' WHERE id = $1";
        let client = world.app.database().superuser().await;
        client.execute(password, &[&world.member.user.uuid()]).await.unwrap();
    }
    if call.name == "PUT /v1/enterprise/members/{user_id}" {
        let role = json!({ "user_id": world.member.user, "role": "viewer" });
        world.owner.post("/v1/enterprise/members", role).await;
    }
}

/// Who makes a call: nobody decides about their own request.
fn whose<'w>(world: &'w World, call: &Call) -> &'w Actor {
    let decides = call.path.ends_with("/approve/") || call.path.ends_with("/deny/");
    if decides { &world.lead } else { &world.owner }
}

#[tokio::test]
async fn every_operation_leaves_its_row() {
    let app = TestApp::new().await;
    let mut world = Some(new_world(&app).await);
    let mut trail = String::from(
        "What the audit log says after each call by the owner of the things it is about. Written by the test in\n\
         audit/trail.rs; review every change.\n\n",
    );
    let mut silent = Vec::new();
    for (_, operation) in server::operations() {
        let variants = operations::calls(&operation, world.as_ref().unwrap()).len();
        for variant in 0..variants {
            let present = world.take().unwrap();
            let call = operations::calls(&operation, &present).swap_remove(variant);
            let spoiled = note(&app, &present, &call, &mut trail, &mut silent).await && spoils(&call);
            world = Some(if spoiled { new_world(&app).await } else { present });
        }
    }
    let present = world.take().unwrap();
    let mut uncovered = String::new();
    let mut present = present;
    for number in 0..tools::uses(&present, &mut uncovered).await.len() {
        let used = tools::uses(&present, &mut uncovered).await.swap_remove(number);
        let done = note(&app, &present, &used.call(), &mut trail, &mut silent).await;
        if done && used.name.starts_with("tool delete_memory")
            || used.name.starts_with("tool delete_entities (own")
        {
            present = new_world(&app).await;
        }
    }
    let changed = reviewed_file_changed("audit/trail.txt", &trail);
    assert!(!changed, "audit/trail.txt was rewritten, review and commit it\n{trail}");
    assert_eq!(silent, [""; 0], "say nothing to the audit log");
}

/// A world whose word no other one of this process has. Nobody may register so often from one address.
async fn new_world(app: &TestApp) -> World {
    app.database().superuser().await.batch_execute("DELETE FROM login_attempts").await.unwrap();
    World::new(app, Box::leak(format!("walrus{}", TestApp::unique()).into_boxed_str())).await
}

/// Whether a row tells of what nobody asked for: a request for approval ends with what it is about.
fn follows(row: &Value) -> bool {
    row["action"] == "approval.end" && row["actor_id"].is_null()
}

/// Makes a call and notes what it wrote; whether it was done.
async fn note(
    app: &TestApp,
    world: &World,
    call: &Call,
    trail: &mut String,
    silent: &mut Vec<String>,
) -> bool {
    prepare(world, call).await;
    let actor = whose(world, call);
    let known = count(app, world.owner.enterprise).await;
    let answer = actor.call(call.method.clone(), &call.path, call.body.as_ref()).await;
    assert!(!answer.status.is_server_error(), "{}: {answer}", call.name);
    let mut written = rows(app, world.owner.enterprise, known).await;
    // What followed of itself comes after what it followed from.
    written.sort_by_key(follows);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said: Vec<String> = written
        .iter()
        .map(|row| match row["outcome"].as_str() {
            Some("denied") => format!("{} denied", text(&row["action"])),
            _ => text(&row["action"]),
        })
        .collect();
    said.dedup();
    let known = WITHOUT_TRACE.iter().any(|(name, _)| call.name == *name);
    // What the state of things does not allow is no refusal, and changes nothing.
    if said.is_empty() != known && answer.status != 409 {
        silent.push(format!("{} ({})", call.name, said.join(", ")));
    }
    for row in &written {
        let named = row["memory_ids"].as_array().is_some_and(|ids| !ids.is_empty());
        let classed = row["tags"].as_array().unwrap().iter().any(|tag| text(tag).starts_with("class:"));
        assert!(classed || !named, "it does not say how confidential that was: {row}");
        if follows(row) {
            continue;
        }
        // Registering and signing in have no caller yet, and a registration is another tenant's.
        let unproven = call.path.starts_with("/v1/auth/");
        assert!(unproven || row["actor_id"] == actor.user.uuid().to_string(), "{row}");
        assert_eq!(text(&row["request_id"]).len(), 36, "{row}");
        let operation = text(&row["operation"]);
        let base = call.name.split(" (").next().unwrap();
        let of_mcp = base == "POST /mcp" || !base.starts_with("resources/") && base.starts_with(&operation);
        assert!(operation == base || of_mcp || operation == "completion", "{base}: {row}");
    }
    let said = if said.is_empty() { "-".to_owned() } else { said.join(", ") };
    let _ = writeln!(trail, "{:<62}{:<5}{said}", call.name, answer.status.as_u16());
    answer.status.is_success()
}

/// The memories that a read shows are named, in one row.
#[tokio::test]
async fn a_search_names_the_memories_it_showed() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let known = count(&app, world.owner.enterprise).await;
    let search = serde_json::json!({ "query": "when does the walrus open", "scope": "all" });
    let found = world.owner.post("/v3/memories/search/", search).await.ok();
    let shown: Vec<&str> =
        found["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(shown.len(), 5, "{found}");
    let written = rows(&app, world.owner.enterprise, known).await;
    let [row] = &written[..] else { panic!("{written:?}") };
    let named: Vec<shared::ids::MemoryId> = serde_json::from_value(row["memory_ids"].clone()).unwrap();
    let named: Vec<String> = named.iter().map(ToString::to_string).collect();
    assert_eq!(named, shown);
    assert_eq!(row["actor_method"], "session");
    assert_eq!(row["credential_id"], world.owner.session.uuid().to_string());
    assert_eq!(row["tags"], serde_json::json!(["data-access", "class:internal", "gdpr"]));
    assert!(!row.to_string().contains("open"), "neither the query nor a text: {row}");
}

/// However many levels it looks at.
#[tokio::test]
async fn looking_level_by_level_leaves_one_row() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    for query in [serde_json::json!(null), serde_json::json!("when does the walrus open")] {
        let known = count(&app, world.owner.enterprise).await;
        let body = serde_json::json!({ "query": query, "per_level": 10 });
        let found = world.owner.post("/v1/memories/hierarchical/", body).await.ok();
        let levels = found["levels"].as_array().unwrap();
        assert!(levels.len() > 1, "{found}");
        let shown: usize = levels.iter().map(|level| level["results"].as_array().unwrap().len()).sum();
        let written = rows(&app, world.owner.enterprise, known).await;
        let [row] = &written[..] else { panic!("{written:?}") };
        assert_eq!(row["memory_ids"].as_array().unwrap().len(), shown, "{row}");
    }
}

#[tokio::test]
async fn a_key_is_named_by_its_use() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let key = owner.with_api_key().await;
    let known = count(&app, owner.enterprise).await;
    key.get("/v1/ping/").await.ok();
    key.get("/v1/ping/").await.ok();
    key.post("/v3/memories/", serde_json::json!({ "scope": "all" })).await.ok();
    let written = rows(&app, owner.enterprise, known).await;
    let said: Vec<&str> = written.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(said, ["api_key.use", "memory.list"], "once a minute where nothing else tells of it");
    let id = "SELECT id FROM api_keys WHERE user_id = $1";
    let id: uuid::Uuid =
        app.database().superuser().await.query_one(id, &[&owner.user.uuid()]).await.unwrap().get(0);
    for row in &written {
        assert_eq!(
            (&row["actor_method"], &row["credential_id"]),
            (&"api_key".into(), &id.to_string().into())
        );
    }
}

/// Whoever adds what is there already is told which memory says it, unless it is above their ceiling.
#[tokio::test]
async fn what_is_there_already_is_named() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let text = "The code of the gate is 4711";
    let secret = serde_json::json!({ "classification": "restricted" });
    let id = super::remember(&owner, text, secret).await;
    let known = count(&app, owner.enterprise).await;
    let again = serde_json::json!({ "messages": text, "infer": false });
    let told = owner.post("/v3/memories/add/", again.clone()).await.ok();
    assert_eq!(told["results"][0]["event"], "SKIP");
    assert_eq!(told["results"][0]["id"].as_str(), Some(id.as_str()));
    let line = serde_json::json!({ "memory": text }).to_string();
    let import = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let told = owner.send(import.body(line.into()).unwrap()).await.ok();
    assert!(told.to_string().contains(&id), "{told}");
    let written = rows(&app, owner.enterprise, known).await;
    let uuid = id.parse::<shared::ids::MemoryId>().unwrap().uuid().to_string();
    for (row, action) in written.iter().zip(["memory.remember", "memory.import"]) {
        assert_eq!(row["action"], action, "{row}");
        assert_eq!(row["memory_ids"], serde_json::json!([uuid]), "{row}");
        assert!(row["tags"].as_array().unwrap().contains(&"class:restricted".into()), "{row}");
    }
    let low = serde_json::json!({ "name": "low", "scopes": ["memories:write"], "ceiling": "internal" });
    let low = owner.with_key(&owner.post("/v1/api-keys", low).await.ok());
    let told = low.post("/v3/memories/add/", again).await.ok();
    assert_eq!(told["results"][0]["event"], "ADD");
    assert!(!told.to_string().contains(&id), "{told}");
}
