//! `GET /v1/events/`, `GET /v1/event/{id}/`.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

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
    alice.get("/v1/event/nonsense/").await.assert_problem(404, "not-found", None);
}

/// A key is for what it is narrowed to, also of what became of its owner's requests.
#[tokio::test]
async fn a_narrowed_key_knows_of_no_request_elsewhere() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = alice.node(ScopeKind::Organization, "Alpha").await;
    let beta = alice.node(ScopeKind::Organization, "Beta").await;
    let body = json!({ "scope": alpha.label(), "user_id": "customer-7", "classification": "confidential" });
    let there = add(&alice, &["Alpha ships on Friday"], body).await.ok();
    let sweep = format!("/v1/memories/?user_id=customer-7&scope={}", alpha.label());
    alice.call(http::Method::DELETE, &sweep, None).await.ok();
    let here = add(&alice, &["Beta ships too"], json!({ "scope": beta.label(), "classification": "public" }))
        .await
        .ok();
    let key = async |within: Value, ceiling: Value| {
        let new =
            json!({ "name": "narrow", "scopes": ["memories:read"], "within": within, "ceiling": ceiling });
        alice.with_key(&alice.post("/v1/api-keys", new).await.ok())
    };
    let elsewhere = key(json!([beta.label()]), Value::Null).await;
    let below = key(Value::Null, json!("internal")).await;
    assert_eq!(alice.get("/v1/events/").await.ok()["count"], 3);
    for narrow in [&elsewhere, &below] {
        let list = narrow.get("/v1/events/").await.ok();
        assert_eq!((&list["count"], &list["results"][0]["id"]), (&json!(1), &here["event_id"]), "{list}");
        let path = format!("/v1/event/{}/", there["event_id"].as_str().unwrap());
        narrow.get(&path).await.assert_problem(404, "not-found", None);
        narrow.get(&format!("/v1/event/{}/", here["event_id"].as_str().unwrap())).await.ok();
    }
    let all = key(json!([alpha.label(), beta.label()]), Value::Null).await;
    assert_eq!(all.get("/v1/events/").await.ok()["count"], 3);
}
