//! `supersedes`: a new memory replaces others.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember, remember_with};
use crate::harness::{Actor, Client as _, TestApp};
use crate::routes::mcp::client::call;

fn adding(text: &str, supersedes: &[&str]) -> Value {
    json!({ "messages": text, "infer": false, "supersedes": supersedes })
}

async fn state(actor: &Actor, id: &str) -> (Value, Value, Value) {
    let memory = actor.get(&one(id)).await.ok();
    (memory["lifecycle_state"].clone(), memory["replaced_by"].clone(), memory["version"].clone())
}

#[tokio::test]
async fn the_old_one_stays_marked_with_a_version_and_a_row_in_the_audit_log() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let old = remember(&alice, "The standup is at nine").await;
    let new = remember_with(&alice, "The standup is at ten", json!({ "supersedes": [old] })).await;
    assert_eq!(state(&alice, &old).await, (json!("superseded"), json!(new), json!(2)));
    assert_eq!(state(&alice, &new).await, (json!("active"), json!(null), json!(1)));
    let history = alice.get(&format!("/v1/memories/{old}/history/")).await.ok();
    assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
    let row = alice.get(&format!("/v1/audit?memory={old}&action=memory.supersede")).await.ok();
    assert_eq!(row["results"][0]["action"], "memory.supersede", "{row}");
    assert_eq!(row["results"][0]["details"]["replaced_by"], json!(new), "{row}");
    // Said again, it is there already, and takes the place of what contradicts it.
    let other = remember(&alice, "The standup is at eleven").await;
    alice.post("/v3/memories/add/", adding("The standup is at ten", &[&other])).await.ok();
    assert_eq!(state(&alice, &other).await.1, json!(new));
    let over_mcp = json!({ "text": "The standup is at noon", "supersedes": [new] });
    let answer = call(&alice, "add_memory", over_mcp).await;
    assert_eq!(state(&alice, &new).await.1, answer["results"][0]["id"]);
}

#[tokio::test]
async fn who_may_not_change_it_supersedes_nothing_and_adds_nothing() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let team = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let vi = alice.colleague("vi", &team, Role::Member).await;
    let ofteam = remember_with(&alice, "Alpha ships on Friday", json!({ "scope": team.label() })).await;
    let own = remember(&alice, "I drink tea").await;
    let merged = remember(&bob, "I drink coffee").await;
    let before = alice.get("/v1/stats/").await.json();
    for (actor, body, status, code) in [
        // Others' personal memories, and those of another enterprise, are not known.
        (&vi, adding("x is y", &[&own]), 404, "not-found"),
        (&alice, adding("x is y", &[&merged]), 404, "not-found"),
        (&alice, adding("x is y", &[&own, &merged]), 404, "not-found"),
        (
            &vi,
            json!({ "messages": "Alpha ships on Monday", "infer": false, "scope": team.label(), "supersedes": [ofteam] }),
            403,
            "forbidden",
        ),
        // Whoever sees the old one must see the new one.
        (&alice, adding("Alpha ships on Monday", &[&ofteam]), 400, "invalid"),
        (&alice, adding("I drink tea", &[&own]), 400, "invalid"),
        (&alice, json!({ "messages": "x is y", "infer": false, "supersedes": own }), 400, "invalid"),
    ] {
        let field = (status == 400).then_some("supersedes");
        actor.post("/v3/memories/add/", body).await.assert_problem(status, code, field);
    }
    let no_id = alice.post("/v3/memories/add/", adding("x is y", &["mem_nothing"])).await;
    no_id.assert_problem(400, "invalid", Some("supersedes[0]"));
    assert_eq!(state(&alice, &own).await, (json!("active"), json!(null), json!(1)));
    assert_eq!(state(&alice, &ofteam).await.0, json!("active"));
    assert_eq!(alice.get("/v1/stats/").await.json(), before);
    let new = remember_with(&alice, "I drink water", json!({ "supersedes": [own] })).await;
    let detail = alice
        .post("/v3/memories/add/", adding("I drink wine", &[&own]))
        .await
        .assert_problem(409, "conflict", None);
    assert_eq!(detail, format!("{own} is superseded already, by {new}"));
}
