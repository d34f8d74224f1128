//! `Idempotency-Key` on `POST /v3/memories/add/`.

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
