//! Row-level security alone: the same server, built without the application's own predicates (the feature `unscoped`),
//! shows nobody anything that is not theirs. `cargo nextest run -p tests --features unscoped unscoped::`

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, TestApp, pack};

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
    // All that matches is read, or the nearest are, and held against the condition.
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

    // Also if searches compare with the vectors in blocks, instead of reading everything.
    pack(app.database().superuser().await).await;
    assert_eq!(sees(&member, "personal").await, all_of_member);
    assert_eq!(sees(&bob, "personal").await, ["the walrus is bob's"]);
    assert_eq!(sees(&alice, "personal").await, all_of_alice);

    // A sweep by a label that all have takes what may be seen and changed, nothing else.
    member.delete("/v1/memories/?user_id=somebody&scope=personal").await.ok();
    assert_eq!(sees(&alice, "personal").await, all_of_alice);
    bob.delete("/v1/memories/?user_id=somebody&scope=public").await.ok();
    assert_eq!(sees(&alice, "personal").await, all_of_alice);
    drop(app);
}

/// Nor by what is shared, once that has ended, nor what is in contexts, nor what is above a ceiling.
#[tokio::test]
async fn without_the_applications_predicate_shares_contexts_and_ceilings_hold() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let organization = alice.node(ScopeKind::Organization, "organization").await;
    let red = alice.node_in(&organization, ScopeKind::Team, "red").await;
    let ann = alice.colleague("ann", &red, Role::Member).await;
    let ben = alice.colleague("ben", &red, Role::Member).await;
    let cas = alice.colleague("cas", &red, Role::Member).await;
    let id = async |scope: &str, text: &str| {
        remember(&ann, scope, text).await;
        let listed = ann.post("/v3/memories/", json!({ "scope": scope })).await.ok();
        let rows = listed["results"].as_array().unwrap().iter();
        let mut rows = rows.filter(|row| row["memory"] == *text);
        rows.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let shared = id("personal", "the walrus is shared").await;
    let lent = id("personal", "the walrus is lent").await;
    let given = json!({ "with": format!("person:{}", ben.user) });
    let share = ann.post(&format!("/v1/memories/{shared}/shares/"), given.clone()).await.ok();
    let until = (app.now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    let loan = json!({ "with": format!("person:{}", ben.user), "expires_at": until });
    ann.post(&format!("/v1/memories/{lent}/shares/"), loan).await.ok();
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"].clone();
    let context = context.as_str().unwrap();
    let inside = id(&format!("context:{context}"), "the walrus is launched").await;
    let of_context = format!("/v1/contexts/{context}/shares/");
    let context_share = ann.post(&of_context, given).await.ok();
    let [launched, is_lent, is_shared] =
        ["the walrus is launched", "the walrus is lent", "the walrus is shared"];
    assert_eq!(sees(&ann, "personal").await, [launched, is_lent, is_shared]);
    assert_eq!(sees(&ben, "personal").await, [launched, is_lent, is_shared]);
    assert_eq!(sees(&cas, "personal").await, [""; 0]);

    let made = json!({ "name": "low", "scopes": ["memories:read", "memories:write"], "ceiling": "internal" });
    let low = ben.with_key(&ben.post("/v1/api-keys", made).await.ok());
    ann.put(&format!("/v1/memories/{inside}/"), json!({ "classification": "confidential" })).await.ok();
    assert_eq!(sees(&low, "personal").await, [is_lent, is_shared]);
    assert_eq!(sees(&ben, "personal").await, [launched, is_lent, is_shared]);

    let end = |share: &Value| share["share"]["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("/v1/memories/{shared}/shares/{}/", end(&share))).await.ok();
    assert_eq!(sees(&ben, "personal").await, [launched, is_lent]);
    ann.delete(&format!("{of_context}{}/", end(&context_share))).await.ok();
    assert_eq!(sees(&ben, "personal").await, [is_lent]);
    // Before a job has come by.
    app.advance(chrono::TimeDelta::hours(2));
    let ben = ben.with_new_login().await;
    assert_eq!(sees(&ben, "personal").await, [""; 0]);
}
