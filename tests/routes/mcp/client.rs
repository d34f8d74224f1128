//! An MCP client of each era, as bytes on the wire.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::harness::{Answer, Client};

/// The era without sessions.
pub(super) const MODERN: &str = "2026-07-28";
/// The last version that begins with `initialize`.
pub(crate) const LEGACY: &str = "2025-11-25";
/// How many tools somebody with a login sees.
pub(super) const TOOLS: usize = mcp::tools::Tool::ALL.len();

/// A request with headers that agree with it, unless `headers` says otherwise.
pub(crate) async fn send(client: &impl Client, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post("/mcp")
        .header("host", "mem0.test")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// A request of the modern era.
pub(in crate::routes) async fn modern(client: &impl Client, method: &str, params: Value) -> Answer {
    modern_with(client, method, params, json!({})).await
}

/// A request of the modern era, of a client with these capabilities. What `_meta` has already stays.
pub(super) async fn modern_with(
    client: &impl Client,
    method: &str,
    mut params: Value,
    capabilities: Value,
) -> Answer {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": "tests", "version": "1" });
    let name = params["name"].as_str().or(params["uri"].as_str()).map(str::to_owned);
    let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    if let Some(name) = &name {
        headers.push(("mcp-name", name));
    }
    send(client, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }), &headers).await
}

/// A request of the legacy era.
pub(super) async fn legacy(client: &impl Client, method: &str, params: Value) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    send(client, &body, &[("mcp-protocol-version", LEGACY)]).await
}

/// The structured content of a tool's successful answer.
#[track_caller]
pub(super) fn content(answer: &Answer) -> Value {
    let result = &answer.ok()["result"];
    assert_eq!(result["isError"], json!(false), "{answer}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"], "the text block is the same JSON");
    text
}

/// Calls a tool in the modern era; its structured content.
pub(in crate::routes) async fn call(client: &impl Client, name: &str, arguments: Value) -> Value {
    content(&modern(client, "tools/call", json!({ "name": name, "arguments": arguments })).await)
}

/// Calls a tool that refuses; the message for the model.
pub(in crate::routes) async fn refused(client: &impl Client, name: &str, arguments: Value) -> String {
    let answer = modern(client, "tools/call", json!({ "name": name, "arguments": arguments })).await;
    let result = &answer.ok()["result"];
    assert_eq!(result["isError"], json!(true), "{answer}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}
