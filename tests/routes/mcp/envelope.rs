//! Requests that are refused before they are calls.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::client::{LEGACY, legacy, send};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn without_a_credential_it_is_401_with_a_challenge() {
    let app = TestApp::new().await;
    let answer = legacy(&app.anonymous(), "tools/list", json!({})).await;
    answer.assert_problem(401, "unauthenticated", None);
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn other_methods_than_post_are_405() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for answer in [alice.get("/mcp").await, alice.delete("/mcp").await] {
        answer.assert_problem(405, "method-not-allowed", None);
        assert_eq!(answer.header("allow"), Some("POST,OPTIONS"));
    }
}

#[tokio::test]
async fn a_foreign_origin_or_host_is_403() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let version = ("mcp-protocol-version", LEGACY);
    for origin in ["https://evil.example", "null", "https://mem0.test.evil.example", "http://mem0.test"] {
        let refused = send(&alice, &ping, &[version, ("origin", origin)]).await.assert_status(403).json();
        let why = refused["error"]["message"].to_string();
        assert!(why.contains(&format!("pages of {origin} may not call this installation")), "{why}");
    }
    for origin in ["https://mem0.test", "http://localhost:5173"] {
        send(&alice, &ping, &[version, ("origin", origin)]).await.assert_status(200);
    }
    let rebound =
        Request::post("/mcp").header("host", "evil.example").header("content-type", "application/json");
    let rebound = rebound.header("accept", "application/json, text/event-stream");
    let refused = alice.send(rebound.body(Body::from(ping.to_string())).unwrap()).await;
    refused.assert_status(403);
    let why = refused.json()["error"]["message"].to_string();
    assert!(why.contains("evil.example") && why.contains("https://mem0.test: set MEM0_PUBLIC_URL"), "{why}");
}

#[tokio::test]
async fn what_is_not_one_json_rpc_message_is_400_with_a_code() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}}"#, "{\"a\":".repeat(5000));
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        ("\"hello\"", -32600),
        (r#"{"id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","method":"tools/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{"b":1,"b":2}}}"#, -32700),
        (deep.as_str(), -32600),
    ] {
        let request =
            Request::post("/mcp").header("host", "mem0.test").header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream");
        let answer = alice.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"]["code"], code, "{body}: {answer}");
    }
    let huge = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "x".repeat(2 << 20) } });
    let refused = send(&alice, &huge, &[("mcp-protocol-version", LEGACY)]).await;
    refused.assert_status(413);
    assert_eq!(refused.json()["error"]["code"], -32600, "{refused}");
}

#[tokio::test]
async fn only_json_is_taken_and_given() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for (content_type, accept, status) in [
        (Some("application/json; charset=utf-8"), Some("application/json"), 200),
        (Some("application/json"), None, 200),
        (Some("application/json"), Some("text/event-stream;q=0.5, */*"), 200),
        (Some("text/plain"), Some("*/*"), 415),
        (Some("application/x-www-form-urlencoded"), None, 415),
        (None, None, 415),
        (Some("application/json"), Some("text/html"), 406),
    ] {
        let mut request = Request::post("/mcp").header("host", "mem0.test");
        for (name, value) in [("content-type", content_type), ("accept", accept)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let answer = alice.send(request.body(Body::from(ping.clone())).unwrap()).await;
        answer.assert_status(status);
        assert_eq!(answer.json()["jsonrpc"], "2.0", "{answer}");
    }
}
