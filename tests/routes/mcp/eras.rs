//! Both eras of the protocol at one URL.

use serde_json::json;

use super::client::{LEGACY, MODERN, TOOLS, legacy, modern, send};
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
    for capability in ["tools", "resources", "prompts", "completions", "logging"] {
        assert!(result["capabilities"][capability].is_object(), "{capability}: {discovered}");
    }
    assert!(result["instructions"].as_str().unwrap().contains("memory"));

    let listed = modern(&alice, "tools/list", json!({})).await.ok();
    assert_eq!(listed["result"]["resultType"], "complete", "{listed}");
    assert_eq!(listed["result"]["cacheScope"], "private");
    assert!(listed["result"]["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), TOOLS);
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
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), TOOLS);
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

#[tokio::test]
async fn a_modern_request_says_its_version_and_capabilities() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let version = ("io.modelcontextprotocol/protocolVersion", json!(MODERN));
    let capabilities = ("io.modelcontextprotocol/clientCapabilities", json!({}));
    let headers = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/list")];
    for (meta, code) in [
        (vec![], -32602),
        (vec![capabilities.clone()], -32602),
        (vec![version.clone()], -32602),
        (vec![version.clone(), ("io.modelcontextprotocol/clientCapabilities", json!([]))], -32602),
        (vec![("io.modelcontextprotocol/protocolVersion", json!(7)), capabilities.clone()], -32602),
        (vec![("io.modelcontextprotocol/protocolVersion", json!(LEGACY)), capabilities.clone()], -32020),
    ] {
        let meta: serde_json::Map<_, _> =
            meta.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": { "_meta": meta } });
        let answer = send(&alice, &body, &headers).await;
        answer.assert_status(400);
        assert_eq!(
            (&answer.json()["error"]["code"], &answer.json()["id"]),
            (&json!(code), &json!(9)),
            "{answer}"
        );
    }
    // Who the client is may be left out; a version with a handshake cannot be had without one.
    let meta: serde_json::Map<_, _> =
        [version, capabilities].into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let body = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": { "_meta": meta } });
    send(&alice, &body, &headers).await.assert_status(200);
    send(&alice, &body, &headers[1..]).await.assert_status(400);
    send(&alice, &body, &[headers[0], headers[0], headers[1]]).await.assert_status(200);
    let twice = send(&alice, &body, &[headers[0], headers[1], ("mcp-method", "ping")]).await;
    assert_eq!(twice.json()["error"]["code"], -32020, "{twice}");
}

#[tokio::test]
async fn what_the_modern_era_left_behind_is_404_there() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for method in ["initialize", "ping", "logging/setLevel", "resources/subscribe", "subscriptions/listen"] {
        let answer = modern(&alice, method, json!({ "protocolVersion": MODERN, "level": "info" })).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["error"]["code"], -32601, "{method}");
    }
    legacy(&alice, "logging/setLevel", json!({ "level": "info" })).await.ok();
    assert_eq!(legacy(&alice, "server/discover", json!({})).await.json()["error"]["code"], -32601);
}

#[tokio::test]
async fn a_handshake_agrees_on_a_version_that_has_one() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (wanted, agreed) in
        [("2025-06-18", "2025-06-18"), (MODERN, LEGACY), ("2024-11-05", LEGACY), ("x", LEGACY)]
    {
        let params = json!({ "protocolVersion": wanted, "capabilities": {} });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        assert_eq!(send(&alice, &body, &[]).await.ok()["result"]["protocolVersion"], agreed, "{wanted}");
    }
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    send(&alice, &list, &[]).await.assert_status(200);
    let unknown = send(&alice, &list, &[("mcp-protocol-version", "2024-11-05")]).await;
    unknown.assert_status(400);
    assert_eq!(unknown.json()["error"]["data"]["requested"], "2024-11-05", "{unknown}");
}

#[tokio::test]
async fn notifications_are_accepted_or_refused_without_an_answer() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let told = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    let method = ("mcp-method", "notifications/cancelled");
    for (headers, status) in [
        (vec![], 202),
        (vec![("mcp-protocol-version", LEGACY)], 202),
        (vec![("mcp-protocol-version", MODERN), method], 202),
        (vec![("mcp-protocol-version", MODERN)], 400),
        (vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call")], 400),
        (vec![("mcp-protocol-version", "2031-01-01")], 400),
    ] {
        let answer = send(&alice, &told, &headers).await;
        answer.assert_status(status);
        assert_eq!(answer.body.is_empty(), status == 202, "{answer}");
    }
}

#[tokio::test]
async fn names_that_no_header_can_hold_come_encoded() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "uri": "mem0://memories/über", "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params });
    let version = [("mcp-protocol-version", MODERN), ("mcp-method", "resources/read")];
    let encoded = "=?base64?bWVtMDovL21lbW9yaWVzL8O8YmVy?=";
    let read = send(&alice, &body, &[version[0], version[1], ("mcp-name", encoded)]).await;
    assert_eq!(read.json()["error"]["code"], -32602, "there is no such memory: {read}");
    for wrong in ["=?base64?!?=", "=?base64?bWVtMDovLw==?=", "mem0://memories/uber"] {
        let refused = send(&alice, &body, &[version[0], version[1], ("mcp-name", wrong)]).await;
        assert_eq!(refused.json()["error"]["code"], -32020, "{refused}");
    }
}
