//! `POST /v1/feedback/`.

use serde_json::{Value, json};
use shared::ids::MemoryId;

use super::remember;
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn an_opinion_is_kept_changed_and_taken_back() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I like tea").await;
    let judge = async |feedback: Value, reason: Value| {
        alice
            .post(
                "/v1/feedback/",
                json!({ "memory_id": id, "feedback": feedback, "feedback_reason": reason }),
            )
            .await
            .ok()
    };
    let kept = async || -> Vec<String> {
        let all = "SELECT feedback || ' ' || coalesce(reason, '-') FROM memory_feedback";
        app.database().superuser().await.query(all, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let first = judge(json!("POSITIVE"), json!("so true")).await;
    assert_eq!((&first["feedback"], &first["feedback_reason"]), (&json!("POSITIVE"), &json!("so true")));
    assert_eq!(kept().await, ["POSITIVE so true"]);
    assert_eq!(judge(json!("VERY_NEGATIVE"), Value::Null).await["id"], first["id"]);
    assert_eq!(kept().await, ["VERY_NEGATIVE -"]);
    judge(Value::Null, Value::Null).await;
    assert!(kept().await.is_empty());
}

#[tokio::test]
async fn only_visible_memories_can_be_judged() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let id = remember(&alice, "I like tea").await;
    let body = json!({ "memory_id": id, "feedback": "POSITIVE" });
    bob.post("/v1/feedback/", body).await.assert_problem(404, "not-found", None);
    let unknown = json!({ "memory_id": MemoryId::generate(), "feedback": "POSITIVE" });
    alice.post("/v1/feedback/", unknown).await.assert_problem(404, "not-found", None);
    for (body, field) in [
        (json!({ "feedback": "POSITIVE" }), Some("memory_id")),
        (json!({ "memory_id": id, "feedback": "GREAT" }), Some("feedback")),
        (json!({ "memory_id": "x", "feedback": "POSITIVE" }), Some("memory_id")),
        (json!({ "memory_id": id, "feedback_reason": "x".repeat(2001) }), Some("feedback_reason")),
    ] {
        alice.post("/v1/feedback/", body).await.assert_problem(400, "invalid", field);
    }
}
