//! `Idempotency-Key` on `POST /v3/memories/add/`.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

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
async fn answers_are_forgotten_after_a_day() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    keyed(&alice, "k1", "I like tea").await.ok();
    keyed(&bob, "k1", "I like tea").await.ok();
    app.advance(TimeDelta::hours(25));
    let later = keyed(&alice, "k2", "I like cake").await;
    assert_eq!(later.ok()["results"][0]["event"], "ADD");
    let kept = "SELECT array_agg(key ORDER BY key) FROM idempotency_keys WHERE enterprise_id = $1";
    let client = app.database().superuser().await;
    let kept = async |actor: &Actor| -> Vec<String> {
        client.query_one(kept, &[&actor.enterprise.uuid()]).await.unwrap().get(0)
    };
    assert_eq!((kept(&alice).await, kept(&bob).await), (vec!["k2".to_owned()], vec!["k1".to_owned()]));
}
