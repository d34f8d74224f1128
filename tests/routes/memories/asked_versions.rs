//! What a request for approval shows: the version that was asked for, and nothing that its author makes of it later.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{one, remember_with};
use crate::harness::{Actor, Client as _, TwoTeams};

/// What the decider is shown of a request: the text, and whether it changed.
async fn shown(decider: &Actor, id: &str) -> (Value, bool) {
    let detail = decider.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!(detail["memory"].is_null(), detail["categories"].is_null(), "{detail}");
    (detail["memory"].clone(), detail["changed"].as_bool().unwrap())
}

/// A note of Ann's in Alpha that she asks to share with Ben; the memory and the request.
async fn asked(teams: &TwoTeams, text: &str) -> (String, String) {
    let memory = remember_with(&teams.ann, text, json!({ "scope": teams.alpha.label() })).await;
    let with = json!({ "with": format!("person:{}", teams.ben.user) });
    let answer = teams.ann.post(&format!("/v1/memories/{memory}/shares/"), with).await;
    let id = answer.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned();
    (memory, id)
}

#[tokio::test]
async fn a_request_shows_the_version_that_was_asked_for() {
    let teams = TwoTeams::under(json!({})).await;
    let (memory, id) = asked(&teams, "the first edition").await;
    assert_eq!(shown(&teams.lead, &id).await, (json!("the first edition"), false));
    let edition = json!({ "text": "a secret edition", "metadata": { "secret": true } });
    teams.ann.put(&one(&memory), edition).await.ok();
    assert_eq!(shown(&teams.lead, &id).await, (json!("the first edition"), true));
    let detail = teams.lead.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert!(!detail.to_string().contains("secret"), "{detail}");
}

#[tokio::test]
async fn a_request_shows_nothing_that_became_more_secret_or_somebodys_own() {
    let teams = TwoTeams::under(json!({})).await;
    let (memory, id) = asked(&teams, "about the price").await;
    teams.ann.put(&one(&memory), json!({ "classification": "restricted" })).await.ok();
    assert_eq!(shown(&teams.lead, &id).await, (Value::Null, true));
    // Without a rule of the node's own it may leave it.
    let policy = json!({ "approvals": [{}] });
    teams.alice.put("/v1/enterprise/sharing-policy", policy).await.ok();
    let own = format!("/v1/organizations/{}/sharing-policy", teams.alpha.id);
    teams.alice.put(&own, json!({})).await.ok();
    let (memory, id) = asked(&teams, "about the harbour").await;
    assert_eq!(shown(&teams.alice, &id).await, (json!("about the harbour"), false));
    teams.ann.put(&format!("/v1/memories/{memory}/scope/"), json!({ "scope": "personal" })).await.ok();
    teams.ann.put(&one(&memory), json!({ "text": "a private harbour" })).await.ok();
    assert_eq!(shown(&teams.alice, &id).await, (Value::Null, true));
}

#[tokio::test]
async fn a_request_shows_nothing_once_its_maker_has_left() {
    let teams = TwoTeams::under(json!({})).await;
    teams.alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [{}] })).await.ok();
    let memory = remember_with(&teams.ann, "my diary", json!({})).await;
    let with = json!({ "with": teams.beta.label() });
    let answer = teams.ann.post(&format!("/v1/memories/{memory}/shares/"), with).await;
    let id = answer.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shown(&teams.alice, &id).await.0, "my diary");
    teams.alice.post(&format!("/v1/users/{}/deactivate", teams.ann.user), json!({})).await.ok();
    assert_eq!(shown(&teams.alice, &id).await.0, Value::Null);
}

#[tokio::test]
async fn a_request_about_a_context_shows_what_was_in_it_then() {
    let teams = TwoTeams::under(json!({ "directions": ["down"] })).await;
    let policy = json!({ "approvals": [{ "directions": ["up"] }] });
    teams.alice.put("/v1/enterprise/sharing-policy", policy).await.ok();
    let made = teams.ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = made["id"].as_str().unwrap().to_owned();
    let inside = json!({ "scope": format!("context:{context}") });
    remember_with(&teams.ann, "stays the same", inside.clone()).await;
    let edited = remember_with(&teams.ann, "to be edited", inside.clone()).await;
    let moved = remember_with(&teams.ann, "a private note", json!({})).await;
    let with = json!({ "with": teams.north.label() });
    let answer = teams.ann.post(&format!("/v1/contexts/{context}/shares/"), with).await;
    let id = answer.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned();
    let seen = async || {
        let detail = teams.alice.get(&format!("/v1/approvals/{id}/")).await.ok();
        let memories = detail["context"]["memories"].as_array().unwrap().clone();
        let mut texts: Vec<String> =
            memories.iter().map(|it| it["memory"].as_str().unwrap().to_owned()).collect();
        texts.sort();
        (texts, detail["changed"].as_bool().unwrap())
    };
    assert_eq!(seen().await, (vec!["stays the same".to_owned(), "to be edited".to_owned()], false));
    teams.app.advance(TimeDelta::minutes(1));
    teams.ann.put(&one(&edited), json!({ "text": "a secret edition" })).await.ok();
    teams.ann.put(&format!("/v1/memories/{moved}/scope/"), inside.clone()).await.ok();
    let restricted = json!({ "scope": format!("context:{context}"), "classification": "restricted" });
    remember_with(&teams.ann, "a restricted addition", restricted).await;
    assert_eq!(seen().await, (vec!["stays the same".to_owned()], true));
}
