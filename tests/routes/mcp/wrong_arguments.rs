//! Every argument of every tool, with a value of a wrong type, missing or unknown: the
//! result is an error that names it.

use serde_json::{Value, json};

use super::client::{call, modern, refused};
use crate::harness::TestApp;

/// The tools as they are listed.
fn tools() -> Vec<Value> {
    mcp::tools::Tool::ALL.iter().map(|tool| serde_json::to_value(tool.describe()).unwrap()).collect()
}

/// Arguments that a tool takes, as far as their types go: what is required and nothing else.
fn minimal(tool: &Value) -> Value {
    let mut arguments = json!({});
    for name in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        arguments[name] = json!(match name {
            "with" => "enterprise",
            _ if name.ends_with("id") => "mem_01jd0000000000000000000000",
            _ => "something",
        });
    }
    arguments
}

#[tokio::test]
async fn a_value_of_a_wrong_type_is_refused_by_name() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let mut tried = 0;
    for tool in tools() {
        let name = tool["name"].as_str().unwrap();
        for (argument, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            let wrong = match schema["type"].as_str().unwrap() {
                "string" => vec![json!(7), json!({}), json!(["a"])],
                "integer" | "number" => vec![json!("many"), json!({}), json!(true)],
                "boolean" => vec![json!("yes"), json!(1)],
                "object" | "array" => vec![json!(7), json!("x"), json!(true)],
                other => panic!("{name} {argument}: {other}"),
            };
            for value in wrong {
                let mut arguments = minimal(&tool);
                arguments[argument] = value.clone();
                let message = refused(&alice, name, arguments).await;
                assert!(message.contains(argument.as_str()), "{name} {argument} {value}: {message}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "only {tried}");
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_refused_by_name() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for tool in tools() {
        let name = tool["name"].as_str().unwrap();
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
        let mut unknown = minimal(&tool);
        unknown["tenant_of_somebody"] = json!("x");
        let message = refused(&alice, name, unknown).await;
        assert!(message.contains("tenant_of_somebody"), "{name}: {message}");
        for required in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
            let mut arguments = minimal(&tool);
            arguments.as_object_mut().unwrap().remove(required.as_str().unwrap());
            let message = refused(&alice, name, arguments).await;
            assert!(message.contains(required.as_str().unwrap()), "{name}: {message}");
        }
        for wrong in [json!([]), json!("x")] {
            let answer = modern(&alice, "tools/call", json!({ "name": name, "arguments": wrong })).await;
            assert_eq!(answer.json()["error"]["code"], -32602, "{name}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words_of_the_caller() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (tool, arguments, told) in [
        ("search_memories", json!({ "query": "x", "limit": 0 }), "limit: must be from 1 to 1000, found 0"),
        ("search_memories", json!({ "query": "x", "top_k": 0 }), "top_k: must be from 1 to 1000, found 0"),
        ("search_memories", json!({ "query": "x", "top_k": -1 }), "top_k: must be from 1 to 1000, found -1"),
        (
            "search_memories",
            json!({ "query": "x", "top_k": 1, "limit": 2 }),
            "limit is another name for top_k, give one of them",
        ),
        ("get_memories", json!({ "limit": 0 }), "limit: must be from 1 to 1000, found 0"),
        ("get_memories", json!({ "page_size": 1001 }), "page_size: must be from 1 to 1000, found 1001"),
        ("list_events", json!({ "limit": -7 }), "limit: must be from 1 to 1000, found -7"),
        ("get_memories", json!({ "page": 0 }), "page: must be 1 or more, found 0"),
        ("fetch", json!({}), "id: is missing"),
        ("share_memory", json!({ "memory_id": "x", "with": [] }), "with: expected a string, found a list"),
        (
            "search_memories",
            json!({ "query": "x", "top_k": "many" }),
            "top_k: expected an integer, found string \"many\"",
        ),
        (
            "search_memories",
            json!({ "query": "x", "threshold": "high" }),
            "threshold: expected a number, found string \"high\"",
        ),
        (
            "add_memory",
            json!({ "text": "x", "expiration_date": "soon" }),
            "expiration_date: expected a date, YYYY-MM-DD",
        ),
    ] {
        assert_eq!(refused(&alice, tool, arguments).await, told);
    }
    // Only what the schemas have is offered.
    let unknown = refused(&alice, "search_memories", json!({ "query": "x", "graph": true })).await;
    assert!(unknown.contains("max_tokens") && !unknown.contains("enable_graph"), "{unknown}");
    call(&alice, "search_memories", json!({ "query": "x", "scope": "all" })).await;
}

#[tokio::test]
async fn a_whole_number_is_an_integer_however_it_is_written() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let found = call(&alice, "get_memories", json!({ "page": 1.0, "page_size": 5.0 })).await;
    assert_eq!(found["count"], 0, "{found}");
    call(&alice, "search_memories", json!({ "query": "bees", "top_k": 5e0 })).await;
    let half = refused(&alice, "get_memories", json!({ "page": 1.5 })).await;
    assert!(half.starts_with("page: "), "{half}");
    // Also where there is nothing to compare with.
    let threshold = refused(&alice, "get_hierarchical_memories", json!({ "threshold": 2 })).await;
    assert_eq!(threshold, "threshold: must be from 0 to 1, found 2");
}

#[tokio::test]
async fn a_model_is_told_where_scopes_are_listed_and_how_people_are_named() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = call(&alice, "add_memory", json!({ "text": "Ada keeps bees" })).await;
    let id = added["results"][0]["id"].clone();
    for (tool, arguments) in [
        ("add_memory", json!({ "text": "x", "scope": "team:Platform" })),
        ("search_memories", json!({ "query": "x", "scope": "Platform" })),
        ("move_memory", json!({ "memory_id": id, "scope": "context:Launch" })),
        ("share_memory", json!({ "memory_id": id, "with": "team:Platform" })),
        ("explain_access", json!({ "memory_id": id, "share_with": "Platform" })),
    ] {
        let why = refused(&alice, tool, arguments).await;
        assert!(why.contains("list_scopes"), "{tool}: {why}");
    }
    let why =
        refused(&alice, "share_memory", json!({ "memory_id": id, "with": "bob@northwind.example" })).await;
    assert!(why.contains("person:bob@northwind.example"), "{why}");
}

#[tokio::test]
async fn a_day_is_a_time() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments = json!({ "text": "Ada moved to Bern", "timestamp": "2026-01-31" });
    let added = call(&alice, "add_memory", arguments).await;
    let id = added["results"][0]["id"].clone();
    let memory = call(&alice, "get_memory", json!({ "memory_id": id })).await;
    assert_eq!(memory["timestamp"], "2026-01-31T00:00:00Z", "{memory}");
    // Without an offset it is in UTC, as over REST.
    let arguments = json!({ "text": "Ada moved to Basel", "timestamp": "2026-02-01T09:30:00" });
    let added = call(&alice, "add_memory", arguments).await;
    let memory = call(&alice, "get_memory", json!({ "memory_id": added["results"][0]["id"] })).await;
    assert_eq!(memory["timestamp"], "2026-02-01T09:30:00Z", "{memory}");
    for wrong in ["2026-1-31", "2026-02-30", "31.01.2026", "yesterday"] {
        let why = refused(&alice, "add_memory", json!({ "text": "x", "timestamp": wrong })).await;
        assert!(why.starts_with("timestamp: ") && why.contains("or a day, like 2026-03-31"), "{why}");
    }
}
