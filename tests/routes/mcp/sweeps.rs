//! Deleting by label, listing labels, and looking up the outcome.

use serde_json::{Value, json};

use super::client::{call, modern_with, refused};
use crate::harness::TestApp;

#[tokio::test]
async fn what_has_a_label_is_deleted_and_told_of() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (text, labels) in [
        ("Ada keeps bees", json!({ "user_id": "ada" })),
        ("Ada sails on Sundays", json!({ "user_id": "ada", "run_id": "r1" })),
        ("Bo collects stamps", json!({ "user_id": "bo" })),
    ] {
        let mut arguments = labels;
        arguments["text"] = json!(text);
        call(&alice, "add_memory", arguments).await;
    }
    let entities = call(&alice, "list_entities", json!({})).await;
    let names: Vec<_> =
        entities["results"].as_array().unwrap().iter().map(|entity| &entity["name"]).collect();
    assert_eq!(names, ["ada", "bo", "r1"]);
    assert_eq!((entities["count"].as_u64(), entities["results"][0]["memories"].as_u64()), (Some(3), Some(2)));

    let both = json!({ "user_id": "ada", "run_id": "r1" });
    let swept = call(&alice, "delete_all_memories", both).await;
    assert_eq!(swept["deleted"], 1);
    let event = call(&alice, "get_event_status", json!({ "event_id": swept["event_id"] })).await;
    assert_eq!((&event["status"], &event["event_type"]), (&json!("SUCCEEDED"), &json!("DELETE_ALL")));
    assert_eq!(call(&alice, "delete_entities", json!({ "user_id": "ada" })).await["deleted"], 1);
    let left = call(&alice, "get_memories", json!({})).await;
    assert_eq!(left["results"][0]["memory"], "Bo collects stamps");
    let events = call(&alice, "list_events", json!({ "page_size": 2 })).await;
    assert_eq!((events["count"].as_u64(), events["next_page"].as_u64()), (Some(5), Some(2)));
}

#[tokio::test]
async fn nothing_is_deleted_without_a_label() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    call(&alice, "add_memory", json!({ "text": "Ada keeps bees", "user_id": "ada", "agent_id": "a" })).await;
    for (tool, arguments) in [
        ("delete_all_memories", json!({})),
        ("delete_all_memories", json!({ "scope": "personal" })),
        ("delete_entities", json!({})),
        ("delete_entities", json!({ "user_id": "ada", "agent_id": "a" })),
        ("delete_all_memories", json!({ "filters": {} })),
        ("delete_all_memories", json!({ "user_id": ["ada"] })),
        // A name, not a pattern.
        ("delete_all_memories", json!({ "user_id": "*" })),
        ("delete_entities", json!({ "user_id": "*" })),
    ] {
        let message = refused(&alice, tool, arguments.clone()).await;
        assert!(message.contains("user_id") || message.contains("filters"), "{tool} {arguments}: {message}");
    }
    assert_eq!(call(&alice, "get_memories", json!({})).await["count"], 1);
}

#[tokio::test]
async fn a_sweep_asks_first_and_says_what_it_would_delete() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    call(&alice, "add_memory", json!({ "text": "Ada keeps bees", "user_id": "ada" })).await;
    for tool in ["delete_all_memories", "delete_entities"] {
        let params = json!({ "name": tool, "arguments": { "user_id": "ada" } });
        let asked = modern_with(&alice, "tools/call", params, json!({ "elicitation": {} })).await.ok();
        let question = &asked["result"]["inputRequests"]["confirm"]["params"];
        let message = question["message"].as_str().unwrap_or_else(|| panic!("{asked}"));
        assert!(message.contains("\"ada\"") && message.contains("your personal memories"), "{message}");
        assert_eq!(question["requestedSchema"]["required"], json!(["confirm"]));
        assert_eq!(asked["result"].get("ttlMs"), None::<&Value>);
    }
    assert_eq!(call(&alice, "get_memories", json!({})).await["count"], 1);
}
