//! `/v1/auth/me`.

use serde_json::json;

use super::{Person, audited};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn me_says_who_asks_and_what_they_may_reach() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let node = ada.post("/v1/organizations", json!({ "kind": "organization", "name": "Energy" })).await.ok();
    let answer = ada.get("/v1/auth/me").await;
    assert_eq!(answer.ok()["scopes"][1]["id"].is_null(), answer.ok()["scopes"][1]["kind"] != "organization");
    let scopes: Vec<_> = answer.ok()["scopes"].as_array().unwrap().clone();
    let find = |kind: &str| scopes.iter().find(|scope| scope["kind"] == kind).unwrap().clone();
    assert_eq!(
        find("enterprise"),
        json!({ "scope": "enterprise", "kind": "enterprise", "id": null, "name": null, "role": "owner" })
    );
    assert_eq!(
        find("user"),
        json!({ "scope": "personal", "kind": "user", "id": null, "name": null, "role": "owner" })
    );
    let label = format!("organization:{}", node["id"].as_str().unwrap());
    assert_eq!(
        find("organization"),
        json!({ "scope": label, "kind": "organization", "id": node["id"], "name": "Energy", "role": "owner" })
    );
    assert_eq!(answer.ok()["credential"]["type"], "session");
    assert_eq!(answer.ok()["user"]["created_at"], "2026-03-02T09:00:00Z");
}

#[tokio::test]
async fn people_choose_what_they_are_called() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let me = ada.patch("/v1/auth/me", json!({ "name": "  Ada, Countess of Lovelace " })).await.ok();
    assert_eq!(me["user"]["name"], "Ada, Countess of Lovelace");
    for name in ["", "   ", "two\nlines", &"n".repeat(201)] {
        ada.patch("/v1/auth/me", json!({ "name": name })).await.assert_problem(400, "invalid", Some("name"));
    }
    assert_eq!(ada.get("/v1/auth/me").await.ok()["user"]["name"], "Ada, Countess of Lovelace");
    assert_eq!(audited(&app, "account.rename").await, 1);
}
