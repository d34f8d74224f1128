//! `Idempotency-Key` on sharing, requesting and deciding: a request that is sent twice is done once.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use super::remember_with;
use crate::harness::{Actor, Answer, Client as _, TestApp, TwoTeams};

async fn keyed(actor: &Actor, path: &str, key: &str, body: Option<Value>) -> Answer {
    let request = Request::post(path).header("idempotency-key", key);
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string().into()),
        None => request.body(axum::body::Body::empty()),
    };
    actor.send(request.unwrap()).await
}

/// Sends it twice; the answer, which is the same.
async fn twice(actor: &Actor, path: &str, key: &str, body: Option<Value>) -> Value {
    let first = keyed(actor, path, key, body.clone()).await;
    let again = keyed(actor, path, key, body).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true")),
        "{path}"
    );
    first.ok()
}

#[tokio::test]
async fn a_decision_that_is_sent_twice_is_one() {
    let rule = json!({ "directions": ["across"] });
    let TwoTeams { app, alpha, beta, ann, lead, .. } = TwoTeams::under(rule).await;
    for (verb, by, body, status) in [
        ("approve", &lead, Some(json!({ "reason": "they need it" })), "approved"),
        ("deny", &lead, Some(json!({ "reason": "they do not" })), "denied"),
        ("withdraw", &ann, None, "withdrawn"),
    ] {
        let text = format!("Alpha ships on Friday: {verb}");
        let memory = remember_with(&ann, &text, json!({ "scope": alpha.label() })).await;
        let path = format!("/v1/memories/{memory}/shares/");
        let asked = ann.post(&path, json!({ "with": beta.label() })).await.assert_status(202).json();
        let id = asked["approval"]["id"].as_str().unwrap();
        assert_eq!(twice(by, &format!("/v1/approvals/{id}/{verb}/"), verb, body).await["status"], status);
    }
    let path = format!("/v1/organizations/{}/approval-delegates", alpha.id);
    let new = json!({ "user_id": ann.user, "ends_at": app.now() + TimeDelta::days(1) });
    let made = twice(&lead, &path, "delegate", Some(new)).await;
    assert_eq!(lead.get(&path).await.ok()["results"], json!([made]));
}

#[tokio::test]
async fn links_take_no_key_because_they_are_secret() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let memory = remember_with(&alice, "Tea is at four", json!({ "classification": "public" })).await;
    let context = alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    for path in [format!("/v1/memories/{memory}/links/"), format!("/v1/contexts/{context}/links/")] {
        let told = keyed(&alice, &path, "k1", Some(json!({}))).await.assert_problem(400, "invalid", None);
        assert!(told.starts_with("this route takes no Idempotency-Key"), "{told}");
        assert_eq!(alice.get(&path).await.ok()["results"], json!([]));
    }
}
