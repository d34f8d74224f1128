//! `Idempotency-Key` on the writes that take it.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use super::{make, tree};
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn create(actor: &Actor, key: &str, body: &Value) -> Answer {
    keyed(actor, "/v1/organizations", key, body).await
}

async fn keyed(actor: &Actor, path: &str, key: &str, body: &Value) -> Answer {
    let request =
        Request::post(path).header("content-type", "application/json").header("idempotency-key", key);
    actor.send(request.body(body.to_string().into()).unwrap()).await
}

fn organization(name: &str) -> Value {
    json!({ "kind": "organization", "name": name })
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let first = create(&alice, "k1", &organization("Energy")).await;
    let again = create(&alice, "k1", &organization("Energy")).await;
    assert_eq!(first.assert_status(201).header("idempotent-replayed"), None);
    assert_eq!(again.assert_status(201).header("idempotent-replayed"), Some("true"));
    assert_eq!(first.json(), again.json());
    create(&alice, "k2", &organization("Solar")).await.assert_status(201);
    assert_eq!(tree(&alice).await.len(), 2);
}

#[tokio::test]
async fn another_request_with_the_key_is_a_conflict() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    create(&alice, "k", &organization("Energy")).await.assert_status(201);
    create(&alice, "k", &organization("Solar")).await.assert_problem(409, "conflict", None);
    let parent = make(&alice, "organization", "Wind", None).await;
    let path = format!("/v1/organizations/{parent}/move");
    keyed(&alice, &path, "k", &json!({ "parent": null })).await.assert_problem(409, "conflict", None);
    assert_eq!(tree(&alice).await.len(), 2);
}

#[tokio::test]
async fn keys_are_each_callers_own_and_end_after_a_day() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    create(&alice, "k", &organization("Energy")).await.assert_status(201);
    let other = create(&bob, "k", &organization("Harbour")).await;
    assert_eq!(other.assert_status(201).header("idempotent-replayed"), None);
    app.advance(TimeDelta::hours(24));
    let later = create(&alice, "k", &organization("Solar")).await;
    assert_eq!(later.assert_status(201).header("idempotent-replayed"), None);
    assert_eq!(tree(&alice).await.len(), 2);
}

#[tokio::test]
async fn a_request_that_failed_may_be_sent_again() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let organization = make(&alice, "organization", "Energy", None).await;
    let other = make(&alice, "organization", "Solar", None).await;
    let path = format!("/v1/organizations/{organization}/move");
    let below = json!({ "parent": other });
    alice.post(&format!("/v1/organizations/{other}/move"), json!({ "parent": organization })).await.ok();
    keyed(&alice, &path, "k", &below).await.assert_problem(409, "conflict", None);
    alice.post(&format!("/v1/organizations/{other}/move"), json!({ "parent": null })).await.ok();
    keyed(&alice, &path, "k", &below).await.assert_status(200);
}

#[tokio::test]
async fn of_two_at_once_one_does_the_work() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let body = organization("Energy");
    let (a, b) = tokio::join!(create(&alice, "k", &body), create(&alice, "k", &body));
    assert_eq!(a.assert_status(201).json(), b.assert_status(201).json());
    let replays = [&a, &b].iter().filter(|answer| answer.header("idempotent-replayed").is_some()).count();
    assert_eq!(replays, 1);
    assert_eq!(tree(&alice).await.len(), 1);
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    for key in ["", "two words", &"k".repeat(256)] {
        create(&alice, key, &organization("Energy")).await.assert_problem(400, "invalid", None);
    }
    assert!(tree(&alice).await.is_empty());
}
