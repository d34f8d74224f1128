//! Row-level security alone: the same server, built without the application's own predicates (the feature `unscoped`),
//! shows nobody anything that is not theirs. `cargo nextest run -p tests --features unscoped unscoped::`

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, TestApp};

async fn remember(actor: &Actor, scope: &str, text: &str) {
    let body = json!({ "messages": text, "infer": false, "scope": scope, "user_id": "somebody" });
    actor.post("/v3/memories/add/", body).await.ok();
}

/// What they find, however they look, by its texts.
async fn sees(actor: &Actor, scope: &str) -> Vec<String> {
    let texts = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().unwrap();
        let mut texts: Vec<_> =
            results.iter().map(|row| row["memory"].as_str().unwrap().to_owned()).collect();
        texts.sort();
        texts
    };
    let list = json!({ "filters": {}, "scope": scope });
    let listed = texts(&actor.post("/v3/memories/?page_size=1000", list).await.ok());
    let filter = json!({ "filters": { "user_id": "somebody" }, "scope": scope });
    assert_eq!(texts(&actor.post("/v3/memories/?page_size=1000", filter).await.ok()), listed);
    // The nearest are read and held against the condition; with a filter, the condition chooses first.
    let search = json!({ "query": "walrus", "scope": "all", "top_k": 100, "threshold": 0.0 });
    assert_eq!(texts(&actor.post("/v3/memories/search/", search).await.ok()), listed);
    let filtered = json!({ "query": "walrus", "scope": "all", "top_k": 100, "threshold": 0.0,
                           "filters": { "user_id": "somebody" } });
    assert_eq!(texts(&actor.post("/v3/memories/search/", filtered).await.ok()), listed);
    let entities = actor.get("/v1/entities/").await.ok();
    let counted: u64 =
        entities["results"].as_array().unwrap().iter().map(|row| row["memories"].as_u64().unwrap()).sum();
    assert_eq!(counted, listed.len() as u64, "{entities}");
    listed
}

#[tokio::test]
async fn without_the_applications_predicate_nothing_leaks() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let organization = alice.node(ScopeKind::Organization, "organization").await;
    let red = alice.node_in(&organization, ScopeKind::Team, "red").await;
    let blue = alice.node_in(&organization, ScopeKind::Team, "blue").await;
    let member = alice.colleague("member", &red, Role::Member).await;
    remember(&alice, "personal", "the walrus is alice's").await;
    remember(&alice, &red.label(), "the walrus is red").await;
    remember(&alice, &blue.label(), "the walrus is blue").await;
    remember(&alice, "enterprise", "the walrus is everybody's").await;
    remember(&member, "personal", "the walrus is the member's").await;
    remember(&bob, "public", "the walrus is bob's").await;

    // That the predicate is really gone: asked for the personal ones alone, all that may be read come.
    let all_of_member = ["the walrus is everybody's", "the walrus is red", "the walrus is the member's"];
    assert_eq!(sees(&member, "personal").await, all_of_member);
    assert_eq!(sees(&bob, "personal").await, ["the walrus is bob's"]);
    let all_of_alice =
        ["the walrus is alice's", "the walrus is blue", "the walrus is everybody's", "the walrus is red"];
    assert_eq!(sees(&alice, "personal").await, all_of_alice);

    // A sweep by a label that all have takes what may be seen and changed, nothing else.
    member.delete("/v1/memories/?user_id=somebody&scope=personal").await.ok();
    assert_eq!(sees(&alice, "personal").await, all_of_alice);
    bob.delete("/v1/memories/?user_id=somebody&scope=public").await.ok();
    assert_eq!(sees(&alice, "personal").await, all_of_alice);
    drop(app);
}
