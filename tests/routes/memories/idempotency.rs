//! `Idempotency-Key` on `POST /v3/memories/add/`.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::jobs::Job;

use super::list;
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn keyed(actor: &Actor, key: &str, text: &str) -> Answer {
    let body: Value =
        json!({ "messages": [{ "role": "user", "content": text }], "infer": false, "user_id": key });
    let request = Request::post("/v3/memories/add/")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(body.to_string().into());
    actor.send(request.unwrap()).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let first = keyed(&alice, "k1", "I like tea").await;
    let again = keyed(&alice, "k1", "I like tea").await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(first.ok()["results"][0]["event"], "ADD");
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
    let told = alice.get("/v1/audit?action=request.replay").await.ok();
    assert_eq!(told["results"][0]["memories"], json!([first.ok()["results"][0]["id"]]), "it shows a memory");
    assert_eq!(list(&alice, json!({})).await, ["I like tea"]);
    assert_eq!(keyed(&bob, "k1", "I like tea").await.ok()["results"][0]["event"], "ADD");
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    keyed(&alice, "k1", "I like tea").await.ok();
    keyed(&alice, "k1", "I like coffee").await.assert_problem(409, "conflict", None);
    assert_eq!(list(&alice, json!({})).await, ["I like tea"]);
}

#[tokio::test]
async fn a_key_that_failed_can_be_used_again() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    keyed(&alice, "k1", &"x".repeat(30_001)).await.assert_problem(
        400,
        "invalid",
        Some("messages[0].content"),
    );
    assert_eq!(keyed(&alice, "k1", "I like tea").await.ok()["results"][0]["event"], "ADD");
}

#[tokio::test]
async fn an_answer_is_forgotten_with_what_it_says() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let kept = async || -> i64 {
        let kept = "SELECT count(*) FROM idempotency_keys WHERE answer::text LIKE '%walrus%'";
        app.database().superuser().await.query_one(kept, &[]).await.unwrap().get(0)
    };
    let added = keyed(&alice, "k1", "The walrus is mine").await.ok();
    assert_eq!(kept().await, 1);
    let id = added["results"][0]["id"].as_str().unwrap();
    alice.delete(&format!("/v1/memories/{id}/")).await.ok();
    assert_eq!(kept().await, 0);
    let again = keyed(&alice, "k1", "The walrus is mine").await;
    let gone = "something that this Idempotency-Key was answered with was forgotten since, choose a new one";
    assert_eq!(again.assert_problem(409, "conflict", None), gone);
    // A sweep and the end of a person's time forget as well.
    keyed(&alice, "k2", "The walrus is hers").await.ok();
    alice.delete("/v1/memories/?user_id=k2").await.ok();
    assert_eq!(kept().await, 0);
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    keyed(&mia, "k3", "The walrus is mia's").await.ok();
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    assert_eq!(kept().await, 1);
    app.advance(TimeDelta::days(366));
    app.worker().run(Job::named("account.forget_leavers").unwrap()).await.unwrap();
    assert_eq!(kept().await, 0);
}

#[tokio::test]
async fn nobody_is_answered_again_who_could_not_ask_any_more() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let mia = alice.colleague("mia", &energy, Role::Admin).await;
    let body = json!({ "messages": "The walrus is ours", "infer": false, "scope": energy.label() });
    let add = async |who: &Actor| {
        let request = Request::post("/v3/memories/add/")
            .header("content-type", "application/json")
            .header("idempotency-key", "k1")
            .body(body.to_string().into());
        who.send(request.unwrap()).await
    };
    let first = add(&mia).await.ok();
    assert_eq!(add(&mia).await.ok(), first);
    // Neither through a key that does not reach it or sees less.
    let verbs = ["memories:read", "memories:write"];
    for narrow in [json!({ "within": ["personal"] }), json!({ "ceiling": "internal" })] {
        let mut key = json!({ "name": "narrow", "scopes": verbs });
        key.as_object_mut().unwrap().extend(narrow.as_object().unwrap().clone());
        let key = mia.with_key(&mia.post("/v1/api-keys", key).await.ok());
        assert!(!add(&key).await.status.is_success());
    }
    let member = format!("/v1/organizations/{}/members/{}", energy.id, mia.user);
    alice.put(&member, json!({ "role": "member" })).await.ok();
    add(&mia).await.assert_problem(403, "forbidden", None);
    alice.put(&member, json!({ "role": "owner" })).await.ok();
    assert_eq!(add(&mia).await.ok(), first);
    alice.delete(&member).await.assert_status(204);
    assert!(!add(&mia).await.status.is_success());
}

#[tokio::test]
async fn answers_are_forgotten_after_a_day() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    keyed(&alice, "k1", "I like tea").await.ok();
    keyed(&bob, "k1", "I like tea").await.ok();
    app.advance(TimeDelta::hours(25));
    let later = keyed(&alice, "k2", "I like cake").await;
    assert_eq!(later.ok()["results"][0]["event"], "ADD");
    let prune = Job::named("idempotency.prune").unwrap();
    assert_eq!(app.worker().run(prune).await.unwrap(), 2, "whoever's they are");
    let kept = "SELECT array_agg(key ORDER BY key) FROM idempotency_keys";
    let kept: Vec<String> = app.database().superuser().await.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, ["k2"]);
}
