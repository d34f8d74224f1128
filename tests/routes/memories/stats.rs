//! `GET /v1/stats/`.

use serde_json::json;

use super::{remember_with, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn memories_and_labels_are_counted() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u1" })).await;
    remember_with(&alice, "I like jazz", json!({ "user_id": "u1", "agent_id": "bot" })).await;
    remember_with(&alice, "I like rain", json!({ "user_id": "u2" })).await;
    remember_with(&alice, "The release is on Friday", json!({ "scope": team.label() })).await;
    insta::assert_json_snapshot!(alice.get("/v1/stats/").await.snapshot(), @r#"
    {
      "memories_per_agent": 1,
      "memories_per_app": 0,
      "memories_per_run": 0,
      "memories_per_user": 2,
      "total_add_events": 3,
      "total_agents_with_memories": 1,
      "total_apps_with_memories": 0,
      "total_memories": 3,
      "total_runs_with_memories": 0,
      "total_users_with_memories": 2
    }
    "#);
    let everywhere = alice.get("/v1/stats/?scope=all").await.ok();
    assert_eq!((&everywhere["total_memories"], &everywhere["total_add_events"]), (&json!(4), &json!(4)));
    let there = alice.get(&format!("/v1/stats/?scope={}", team.label())).await.ok();
    assert_eq!(there["total_add_events"], 1);
    alice.get("/v1/stats/?scope=x").await.assert_problem(400, "invalid", Some("scope"));
}

/// A key is for what it is narrowed to, also in numbers.
#[tokio::test]
async fn a_narrowed_key_counts_what_was_added_within_its_reach() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let there = json!({ "scope": team.label() });
    remember_with(&alice, "The release is on Friday", there.clone()).await;
    let secret = json!({ "scope": team.label(), "classification": "confidential" });
    remember_with(&alice, "The buyer is Contoso", secret).await;
    remember_with(&alice, "I like tea", json!({})).await;
    for (narrow, number) in [
        (json!({ "within": [team.label()] }), 2),
        (json!({ "within": [team.label()], "ceiling": "internal" }), 1),
        (json!({ "within": ["personal"] }), 1),
        (json!({}), 3),
    ] {
        let mut body = json!({ "name": "key", "scopes": ["memories:read"] });
        body.as_object_mut().unwrap().extend(narrow.as_object().unwrap().clone());
        let key = alice.with_key(&alice.post("/v1/api-keys", body).await.ok());
        let stats = key.get("/v1/stats/?scope=all").await.ok();
        assert_eq!(stats["total_add_events"], number, "{narrow}: {stats}");
    }
}
