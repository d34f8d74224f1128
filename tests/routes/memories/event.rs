//! `GET /v1/events/`, `GET /v1/event/{id}/`.

use serde_json::json;
use shared::access::Role;

use super::{add, one, remember};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn what_became_of_a_request_can_be_looked_up() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let first = remember(&alice, "I like tea").await;
    let added = add(&alice, &["I like jazz", "i like TEA"], json!({ "user_id": null })).await.ok();
    let event = format!("/v1/event/{}/", added["event_id"].as_str().unwrap());
    insta::assert_json_snapshot!(alice.get(&event).await.snapshot(), {".latency" => "[latency]"}, @r#"
    {
      "completed_at": "2026-03-02T09:00:00Z",
      "created_at": "2026-03-02T09:00:00Z",
      "event_type": "ADD",
      "id": "[evt#1]",
      "latency": "[latency]",
      "metadata": {},
      "payload": {
        "agent_id": null,
        "app_id": null,
        "infer": false,
        "messages": 2,
        "run_id": null,
        "scope": "personal",
        "user_id": null
      },
      "results": [
        {
          "data": {
            "memory": "I like jazz"
          },
          "event": "ADD",
          "id": "[mem#1]"
        },
        {
          "data": {
            "memory": "I like tea"
          },
          "event": "SKIP",
          "id": "[mem#2]",
          "reason": "same text as an existing memory"
        }
      ],
      "started_at": "2026-03-02T09:00:00Z",
      "status": "SUCCEEDED",
      "updated_at": "2026-03-02T09:00:00Z"
    }
    "#);
    alice.delete(&one(&first)).await.ok();
    let after = alice.get(&event).await.ok();
    assert_eq!(after["results"][1]["data"]["memory"], serde_json::Value::Null, "what was forgotten is gone");
    for other in [&mia, &bob] {
        other.get(&event).await.assert_problem(404, "not-found", None);
        assert_eq!(other.get("/v1/events/").await.ok()["count"], 0);
    }
    let page = alice.get("/v1/events/?page=1&page_size=1").await.ok();
    assert_eq!((&page["count"], &page["next"]), (&json!(2), &json!("/v1/events/?page=2&page_size=1")));
    assert_eq!(page["results"][0]["id"], added["event_id"]);
    alice.get("/v1/event/nonsense/").await.assert_problem(400, "invalid", None);
}
