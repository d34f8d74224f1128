//! `GET`, `PUT` and `DELETE /v1/memories/{id}/`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};
use shared::ids::MemoryId;

use super::{list, one, remember, remember_with, search, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn what_is_given_replaces_and_the_rest_stays() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let more = json!({ "metadata": { "a": 1, "b": 2 }, "categories": ["drinks"], "user_id": "alice" });
    let id = remember_with(&alice, "I prefer tea", more).await;
    app.advance(TimeDelta::minutes(1));
    let changed =
        alice.put(&one(&id), json!({ "text": "I prefer cocoa", "metadata": { "c": 3 } })).await.ok();
    assert_eq!(changed["memory"], "I prefer cocoa");
    assert_eq!(changed["metadata"], json!({ "c": 3 }));
    assert_eq!(changed["categories"], json!(["drinks"]));
    assert_eq!(changed["user_id"], "alice");
    assert_eq!((&changed["version"], &changed["updated_at"]), (&json!(2), &json!("2026-03-02T09:01:00Z")));
    assert_eq!(alice.get(&one(&id)).await.ok(), changed);
    assert_eq!(search(&alice, "cocoa", json!({})).await, ["I prefer cocoa"]);
    assert!(search(&alice, "tea", json!({ "threshold": 0.4 })).await.is_empty(), "the old words are gone");
    let day = alice
        .put(&one(&id), json!({ "expiration_date": "2030-01-31", "timestamp": "2025-01-15" }))
        .await
        .ok();
    assert_eq!(
        (&day["expiration_date"], &day["timestamp"]),
        (&json!("2030-01-31"), &json!("2025-01-15T00:00:00Z"))
    );
    assert_eq!(day["metadata"], json!({ "c": 3 }));
    let lifted = alice.put(&one(&id), json!({ "expiration_date": null })).await.ok();
    assert_eq!(lifted["expiration_date"], Value::Null);
    let undated = alice.put(&one(&id), json!({ "timestamp": null })).await.ok();
    assert_eq!(undated["timestamp"], Value::Null);
}

#[tokio::test]
async fn a_change_to_the_same_is_no_change() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "I prefer tea", json!({ "metadata": { "a": 1 } })).await;
    let same = json!({ "text": "I prefer tea", "metadata": { "a": 1 } });
    assert_eq!(alice.put(&one(&id), same).await.ok()["version"], 1);
    assert_eq!(alice.get(&format!("{}history/", one(&id))).await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_changes_are_refused() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I prefer tea").await;
    for (body, field) in [
        (json!({}), None),
        (json!({ "text": "" }), Some("text")),
        (json!({ "text": 7 }), Some("text")),
        (json!({ "text": null, "metadata": null }), None),
        (json!({ "metadata": "x" }), Some("metadata")),
        (json!({ "expiration_date": "soon" }), Some("expiration_date")),
        (json!({ "expiration_date": "2026-03-01" }), Some("expiration_date")),
        (json!({ "timestamp": "soon" }), Some("timestamp")),
        (json!({ "user_id": "bob" }), Some("user_id")),
        (json!({ "text": "I prefer cocoa", "data": "x" }), Some("data")),
    ] {
        alice.put(&one(&id), body).await.assert_problem(400, "invalid", field);
    }
    assert_eq!(alice.get(&one(&id)).await.ok()["version"], 1);
}

#[tokio::test]
async fn a_forgotten_memory_is_gone_from_everywhere() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I prefer tea").await;
    let gone = alice.delete(&one(&id)).await.ok();
    assert_eq!(gone, json!({ "message": "Memory deleted successfully!" }));
    alice.get(&one(&id)).await.assert_problem(404, "not-found", None);
    alice.put(&one(&id), json!({ "text": "x" })).await.assert_problem(404, "not-found", None);
    alice.delete(&one(&id)).await.assert_problem(404, "not-found", None);
    assert!(search(&alice, "tea", json!({})).await.is_empty());
    assert!(list(&alice, json!({})).await.is_empty());
}

#[tokio::test]
async fn superseded_memories_can_go_with_what_took_their_place() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let ids = [
        remember(&alice, "I live in Rome").await,
        remember(&alice, "I live in Paris").await,
        remember(&alice, "I live in Lisbon").await,
    ];
    let uuids = ids.each_ref().map(|id| id.parse::<MemoryId>().unwrap().uuid());
    let supersede = "UPDATE memories SET lifecycle = 'superseded', replaced_by = $2 WHERE id = $1";
    let client = app.database().superuser().await;
    for pair in uuids.windows(2) {
        client.execute(supersede, &[&pair[0], &pair[1]]).await.unwrap();
    }
    assert_eq!(list(&alice, json!({ "latest_only": true })).await, ["I live in Lisbon"]);
    assert_eq!(search(&alice, "where do I live", json!({ "latest_only": true })).await, ["I live in Lisbon"]);
    assert_eq!(list(&alice, json!({})).await.len(), 3);
    let gone = alice.delete(&format!("{}?delete_linked=true", one(&ids[2]))).await.ok();
    assert_eq!(gone["cascade_count"], 2);
    assert!(list(&alice, json!({})).await.is_empty());
}

#[tokio::test]
async fn an_expired_memory_does_not_exist_until_its_limit_is_lifted() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "The trial runs", json!({ "expiration_date": "2026-03-02" })).await;
    alice.get(&one(&id)).await.assert_status(200);
    app.advance(TimeDelta::days(1));
    alice.get(&one(&id)).await.assert_problem(404, "not-found", None);
    alice.get(&format!("{}history/", one(&id))).await.assert_problem(404, "not-found", None);
    alice.put(&one(&id), json!({ "text": "x" })).await.assert_problem(404, "not-found", None);
    alice.put(&one(&id), json!({ "expiration_date": "2026-03-02" })).await.assert_problem(
        400,
        "invalid",
        Some("expiration_date"),
    );
    assert!(list(&alice, json!({})).await.is_empty());
    assert!(search(&alice, "trial", json!({})).await.is_empty());
    alice.put(&one(&id), json!({ "expiration_date": null })).await.assert_status(200);
    assert_eq!(search(&alice, "trial", json!({})).await, ["The trial runs"]);
}

#[tokio::test]
async fn authors_change_their_own_and_administrators_everything() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let max = alice.colleague("max", &team, Role::Member).await;
    let vera = alice.colleague("vera", &team, Role::Viewer).await;
    let stranger = alice.stranger("sam").await;
    let id = remember_with(&mia, "The release is on Friday", json!({ "scope": team.label() })).await;
    let path = one(&id);
    let text = |text: &str| json!({ "text": text });
    for reader in [&max, &vera] {
        reader.get(&path).await.assert_status(200);
        reader.put(&path, text("x")).await.assert_problem(403, "forbidden", None);
        reader.delete(&path).await.assert_problem(403, "forbidden", None);
    }
    for outsider in [&stranger, &bob] {
        outsider.get(&path).await.assert_problem(404, "not-found", None);
        outsider.put(&path, text("x")).await.assert_problem(404, "not-found", None);
        outsider.delete(&path).await.assert_problem(404, "not-found", None);
    }
    let reading_key = mia.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    reading_key.get(&path).await.assert_status(200);
    reading_key.put(&path, text("x")).await.assert_problem(403, "forbidden", None);
    let writing_key = mia.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    writing_key.get(&path).await.assert_problem(403, "forbidden", None);
    mia.put(&path, text("The release is on Monday")).await.assert_status(200);
    alice.put(&path, text("The release is on Tuesday")).await.assert_status(200);
    alice.delete(&path).await.assert_status(200);
}

#[tokio::test]
async fn a_personal_memory_is_nobody_elses() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let id = remember(&mia, "I am looking for another job").await;
    alice.get(&one(&id)).await.assert_problem(404, "not-found", None);
    assert!(list(&alice, json!({ "scope": "all" })).await.is_empty());
    assert!(search(&alice, "another job", json!({ "scope": "all" })).await.is_empty());
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_told_so() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    alice.get("/v1/memories/nonsense/").await.assert_problem(404, "not-found", None);
    alice.get("/v1/memories/usr_01m80nxvxgekp9jfd4attyxt7f/").await.assert_problem(404, "not-found", None);
    alice.get(&one(&MemoryId::generate().to_string())).await.assert_problem(404, "not-found", None);
    let id = remember(&alice, "I like tea").await;
    let uuid = id.parse::<MemoryId>().unwrap().uuid().to_string();
    assert_eq!(alice.get(&one(&uuid)).await.ok()["id"], id);
}

#[tokio::test]
async fn every_answer_says_who_added_a_memory() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = super::team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let id =
        remember_with(&mia, "the pump is new", json!({ "scope": team.label(), "user_id": "somebody" })).await;
    let author = json!(mia.user);
    let scope = json!({ "scope": team.label() });
    let one_of = |answer: Value| answer["results"][0].clone();
    let mut search = scope.clone();
    search["query"] = json!("pump");
    let levels = alice.post("/v1/memories/hierarchical/", json!({})).await.ok();
    for shown in [
        alice.get(&one(&id)).await.ok(),
        one_of(alice.post("/v3/memories/", scope).await.ok()),
        one_of(alice.post("/v3/memories/search/", search).await.ok()),
        one_of(levels["levels"].as_array().unwrap().iter().find(|it| it["level"] == "team").unwrap().clone()),
    ] {
        assert_eq!((&shown["author_id"], &shown["user_id"]), (&author, &json!("somebody")), "{shown}");
    }
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    let changed = key.put(&one(&id), json!({ "text": "the pump is old" })).await.ok();
    assert_eq!((&changed["author_id"], &changed["memory"]), (&Value::Null, &Value::Null), "{changed}");
}
