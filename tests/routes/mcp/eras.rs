//! Both eras of the protocol at one address.

use serde_json::json;

use super::client::{LEGACY, MODERN, legacy, modern, send};
use crate::harness::TestApp;

#[tokio::test]
async fn a_modern_client_discovers_and_lists_without_a_handshake() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let discovered = modern(&alice, "server/discover", json!({})).await.ok();
    let result = &discovered["result"];
    assert_eq!(result["supportedVersions"][0], MODERN, "{discovered}");
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "private");
    assert!(result["capabilities"]["tools"].is_object());
    assert!(result["instructions"].as_str().unwrap().contains("memory"));

    let listed = modern(&alice, "tools/list", json!({})).await.ok();
    assert_eq!(listed["result"]["resultType"], "complete", "{listed}");
    assert_eq!(listed["result"]["cacheScope"], "private");
    assert!(listed["result"]["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_legacy_client_shakes_hands_and_lists() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for version in [LEGACY, "2025-06-18", "2025-03-26"] {
        let hello = json!({
            "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "tests", "version": "1" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello });
        let answer = send(&alice, &body, &[]).await;
        let greeting = answer.ok();
        assert_eq!(greeting["result"]["protocolVersion"], version);
        assert_eq!(greeting["result"]["serverInfo"]["name"], "mem0-enterprise");
        assert_eq!(answer.header("mcp-session-id"), None, "there are no sessions");

        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let accepted = send(&alice, &ready, &[("mcp-protocol-version", version)]).await;
        accepted.assert_status(202);
        assert!(accepted.body.is_empty());
    }
    assert_eq!(legacy(&alice, "ping", json!({})).await.ok()["result"], json!({}));
    let listed = legacy(&alice, "tools/list", json!({})).await.ok();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 6);
    assert_eq!(listed["result"]["resultType"], serde_json::Value::Null, "a modern field");
}

#[tokio::test]
async fn modern_headers_must_agree_with_the_body() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
    });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "get_memories", "arguments": {}, "_meta": meta,
    }});
    let version = ("mcp-protocol-version", MODERN);
    let method = ("mcp-method", "tools/call");
    for (headers, code) in [
        (vec![version, ("mcp-method", "tools/list"), ("mcp-name", "get_memories")], -32020),
        (vec![version, method, ("mcp-name", "delete_memory")], -32020),
        (vec![version, method], -32020),
        (vec![("mcp-protocol-version", LEGACY), method, ("mcp-name", "get_memories")], -32020),
    ] {
        let answer = send(&alice, &call, &headers).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"]["code"], code, "{headers:?}: {answer}");
    }
    let padded = [version, ("mcp-method", " tools/call "), ("mcp-name", "get_memories ")];
    send(&alice, &call, &padded).await.assert_status(200);
}

#[tokio::test]
async fn unknown_versions_and_methods_are_told_apart() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2031-01-01", "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let headers = [("mcp-protocol-version", "2031-01-01"), ("mcp-method", "tools/list")];
    let answer = send(&alice, &body, &headers).await;
    answer.assert_status(400);
    assert_eq!(answer.json()["error"]["code"], -32022, "{answer}");
    assert_eq!(answer.json()["error"]["data"]["supported"][0], MODERN);

    let answer = modern(&alice, "no/such/method", json!({})).await;
    answer.assert_status(404);
    assert_eq!(answer.json()["error"]["code"], -32601, "{answer}");
    let answer = legacy(&alice, "no/such/method", json!({})).await;
    answer.assert_status(200);
    assert_eq!(answer.json()["error"]["code"], -32601, "{answer}");
}
