//! `mem0 mcp serve` between an AI tool and this server: requests and answers as lines, in both eras.

mod answers;
mod audit;
mod login;
mod peer;
mod program;
mod setup;

use std::time::Duration;

use program::Bridge;
use serde_json::{Value, json};

use crate::harness::{Client as _, TestApp};

/// A request of the modern era.
fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn call(id: u64, name: &str, arguments: Value) -> Value {
    modern(id, "tools/call", json!({ "name": name, "arguments": arguments }))
}

#[tokio::test]
async fn a_modern_tool_adds_and_finds() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let mut bridge = Bridge::start(&app.serve().await, Some(&alice.token)).await;
    let discovered = bridge.ask(&modern(1, "server/discover", json!({}))).await;
    assert_eq!(discovered["result"]["supportedVersions"][0], "2026-07-28", "{discovered}");
    let added = bridge.ask(&call(2, "add_memory", json!({ "text": "Ferris schläft im Büro" }))).await;
    assert_eq!(added["result"]["structuredContent"]["results"][0]["event"], "ADD", "{added}");
    // With a name that no header can hold, and with an event stream for an answer.
    let unknown = bridge.ask(&modern(3, "prompts/get", json!({ "name": "übung" }))).await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    let mut with_progress = call(4, "add_memory", json!({ "text": "Tea is at four" }));
    with_progress["params"]["_meta"]["progressToken"] = json!("p");
    let progress = bridge.ask(&with_progress).await;
    assert_eq!(progress["method"], "notifications/progress", "{progress}");
    assert_eq!(bridge.read().await["id"], 4);
    assert_eq!(alice.get("/v1/stats/").await.ok()["total_memories"], 2);
    bridge.end().await;
}

#[tokio::test]
async fn an_old_tool_shakes_hands_first() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let mut bridge = Bridge::start(&app.serve().await, Some(&alice.token)).await;
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let greeting =
        bridge.ask(&json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": hello })).await;
    assert_eq!(greeting["result"]["protocolVersion"], "2025-06-18", "{greeting}");
    bridge.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    let listed = bridge.ask(&json!({ "jsonrpc": "2.0", "id": "b", "method": "tools/list" })).await;
    assert_eq!(listed["id"], "b", "a notification is answered by nothing");
    assert!(!listed["result"]["tools"].as_array().unwrap().is_empty());
    bridge.end().await;
}

#[tokio::test]
async fn what_goes_wrong_is_said_to_whoever_asked() {
    let app = TestApp::new().await;
    let url = app.serve().await;
    for (credential, word) in [(None, "MEM0_API_KEY"), (Some("m0sk_wrong"), "not valid")] {
        let mut bridge = Bridge::start(&url, credential).await;
        let refused = bridge.ask(&modern(1, "tools/list", json!({}))).await;
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(1), &json!(401)), "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(word), "{refused}");
        bridge.tell_text("{").await;
        assert_eq!(bridge.read().await["error"]["code"], -32700);
        bridge.end().await;
    }
}

#[tokio::test]
async fn a_server_that_comes_late_is_found() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut bridge = Bridge::start(&format!("http://{address}"), Some(&alice.token)).await;
    bridge.tell(&modern(1, "tools/list", json!({}))).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert!(bridge.read().await["result"]["tools"].is_array());
    bridge.end().await;

    let mut alone = Bridge::start("http://127.0.0.1:9", Some(&alice.token)).await;
    let refused = alone.ask(&modern(1, "tools/list", json!({}))).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("cannot reach http://127.0.0.1:9/mcp"), "{message}");
    alone.end().await;
}

#[tokio::test]
async fn a_cancelled_request_is_given_up() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let holder = app.database().superuser().await;
    let mut bridge = Bridge::start(&app.serve().await, Some(&alice.token)).await;
    bridge.ask(&modern(1, "tools/list", json!({}))).await;
    holder.batch_execute("BEGIN; LOCK TABLE memories IN ACCESS EXCLUSIVE MODE").await.unwrap();
    bridge.tell(&call(2, "get_memories", json!({}))).await;
    let observer = app.database().superuser().await;
    let waiting = async || -> i64 {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        observer.query_one(waiting, &[]).await.unwrap().get(0)
    };
    while waiting().await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let cancelled =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } });
    bridge.tell(&cancelled).await;
    let given_up = async {
        while waiting().await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), given_up).await.expect("the statement still waits");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(bridge.ask(&call(3, "whoami", json!({}))).await["id"], 3, "and it was not answered");
    bridge.end().await;
}
