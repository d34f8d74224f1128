//! `DELETE /v1/memories/`: a scope that cannot be parsed deletes nothing.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::Role;

use super::{add, list, remember, remember_with, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn what_a_label_selects_is_forgotten() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    for (text, user) in [("I like tea", "u1"), ("I like jazz", "u1"), ("I like rain", "u2")] {
        remember_with(&alice, text, json!({ "user_id": user, "metadata": { "of": user } })).await;
    }
    remember_with(&bob, "I like tea", json!({ "user_id": "u1" })).await;
    let done = alice.delete("/v1/memories/?user_id=u1").await;
    insta::assert_json_snapshot!(done.snapshot(), @r#"
    {
      "deleted": 2,
      "event_id": "[evt#1]",
      "message": "Memories deleted successfully!"
    }
    "#);
    assert_eq!(list(&alice, json!({})).await, ["I like rain"]);
    assert_eq!(list(&bob, json!({})).await, ["I like tea"]);
    assert_eq!(alice.delete("/v1/memories/?user_id=nobody").await.ok()["deleted"], 0);
    let metadata = "/v1/memories/?metadata=%7B%22of%22%3A%22u2%22%7D";
    assert_eq!(alice.delete(metadata).await.ok()["deleted"], 1);
}

#[tokio::test]
async fn what_cannot_be_understood_deletes_nothing() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    remember_with(&alice, "I like tea", json!({ "user_id": "alice" })).await;
    for (query, field) in [
        ("", None),
        ("?", None),
        // What mem0's Python client makes of delete_all(filters={"user_id": "alice"}).
        ("?filters=%7B%27user_id%27%3A+%27alice%27%7D", Some("filters")),
        ("?filters=%7B%7D", None),
        ("?filters=%5B%5D", Some("filters")),
        ("?filters=%7B%22user%22%3A%22alice%22%7D", Some("filters.user")),
        ("?filters=%7B%22NOT%22%3A%5B%5D%7D", Some("filters.NOT")),
        ("?user_id=", Some("user_id")),
        ("?metadata=x", Some("metadata")),
        ("?metadata=%7B%7D", Some("metadata")),
        ("?user=alice", Some("user")),
        ("?user_id=alice&user_id=bob", None),
        ("?scope=personal", None),
        ("?user_id=alice&scope=all", Some("scope")),
        ("?user_id=alice&scope=nonsense", Some("scope")),
    ] {
        alice.delete(&format!("/v1/memories/{query}")).await.assert_problem(400, "invalid", field);
    }
    assert_eq!(list(&alice, json!({})).await, ["I like tea"]);
}

#[tokio::test]
async fn json_filters_and_the_wildcard_are_understood() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u1" })).await;
    remember_with(&alice, "I like jazz", json!({ "user_id": "u2" })).await;
    remember(&alice, "I like rain").await;
    let filters = "/v1/memories/?filters=%7B%22user_id%22%3A%22u1%22%7D";
    assert_eq!(alice.delete(filters).await.ok()["deleted"], 1);
    assert_eq!(alice.delete("/v1/memories/?user_id=*").await.ok()["deleted"], 1);
    assert_eq!(list(&alice, json!({})).await, ["I like rain"]);
}

#[tokio::test]
async fn only_one_scope_is_swept_and_only_what_the_caller_may_change() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let vera = alice.colleague("vera", &team, Role::Viewer).await;
    let in_team = json!({ "scope": team.label(), "user_id": "u" });
    remember_with(&alice, "The release is on Friday", in_team.clone()).await;
    remember_with(&mia, "The demo is on Monday", in_team).await;
    remember_with(&mia, "I like tea", json!({ "user_id": "u" })).await;
    let sweep = format!("/v1/memories/?user_id=u&scope={}", team.label());
    vera.delete(&sweep).await.assert_problem(403, "forbidden", None);
    assert_eq!(mia.delete(&sweep).await.ok()["deleted"], 1);
    let team_only = json!({ "scope": team.label() });
    assert_eq!(list(&mia, team_only.clone()).await, ["The release is on Friday"]);
    assert_eq!(list(&mia, json!({})).await, ["I like tea"], "the default is their own scope");
    assert_eq!(alice.delete(&sweep).await.ok()["deleted"], 1);
    assert!(list(&mia, team_only).await.is_empty());
}

#[tokio::test]
async fn large_sweeps_take_several_statements_and_expired_memories_along() {
    let (app, alice, _) = TestApp::two_tenants().await;
    for part in 0..3 {
        let texts: Vec<String> = (0..400).map(|n| format!("Invoice {} is paid", part * 400 + n)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        add(&alice, &texts, json!({ "run_id": "r", "expiration_date": "2026-03-02" })).await.ok();
    }
    app.advance(TimeDelta::days(1));
    assert_eq!(alice.delete("/v1/memories/?run_id=r").await.ok()["deleted"], 1200);
    let left = "SELECT (SELECT count(*) FROM memory_scopes), (SELECT count(*) FROM memory_versions WHERE event = 'DELETE'),
                       (SELECT count(*) FROM audit_log WHERE action = 'memory.forget_where')";
    let row = app.database().superuser().await.query_one(left, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (0, 1200, 2));
    let events = alice.get("/v1/events/").await.ok();
    assert_eq!(events["results"][0]["event_type"], "DELETE_ALL");
    assert_eq!(events["results"][0]["payload"], json!({ "count": 1200, "scope": "personal" }));
    assert_eq!(events["results"][0]["results"], Value::Array(Vec::new()));
}
