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
      "total_add_events": 4,
      "total_agents_with_memories": 1,
      "total_apps_with_memories": 0,
      "total_memories": 3,
      "total_runs_with_memories": 0,
      "total_users_with_memories": 2
    }
    "#);
    assert_eq!(alice.get("/v1/stats/?scope=all").await.ok()["total_memories"], 4);
    alice.get("/v1/stats/?scope=x").await.assert_problem(400, "invalid", Some("scope"));
}
