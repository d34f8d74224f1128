//! Progress and log messages, in one event stream with the answer.

use serde_json::{Value, json};

use super::client::{MODERN, legacy, modern};
use crate::harness::{Answer, TestApp};

/// The events of a stream, in order.
fn events(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{answer}");
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    let data = answer.text().lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn what_was_asked_for_comes_before_the_answer() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let call = |meta: Value| json!({ "name": "add_memory", "arguments": { "text": "Tea is at four" }, "_meta": meta });
    let answer = modern(&alice, "tools/call", call(json!({ "progressToken": "p1" }))).await;
    let [progress, result] = &events(&answer)[..] else { panic!("{answer}") };
    assert_eq!(progress["method"], "notifications/progress");
    assert_eq!(progress["params"]["progressToken"], "p1");
    assert_eq!((&result["id"], &result["result"]["isError"]), (&json!(1), &json!(false)));

    let log = json!({ "io.modelcontextprotocol/logLevel": "debug" });
    let answer = modern(&alice, "tools/call", call(log)).await;
    let logged = &events(&answer)[0];
    assert_eq!(logged["method"], "notifications/message");
    assert!(!logged.to_string().contains("Tea"), "memory text is not logged");
    for quiet in [json!({}), json!({ "io.modelcontextprotocol/logLevel": "error" })] {
        let answer = modern(&alice, "tools/call", call(quiet)).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_stream_gets_none() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": 7,
    });
    let params = json!({ "name": "add_memory", "arguments": { "text": "Tea is at four" }, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": params });
    let headers =
        [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "add_memory")];
    let request = headers.iter().fold(
        http::Request::post("/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json"),
        |request, (name, value)| request.header(*name, *value),
    );
    use crate::harness::Client as _;
    let answer = alice.send(request.body(body.to_string().into()).unwrap()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
    assert_eq!(answer.ok()["id"], "a");
    let banana = json!({ "name": "whoami", "_meta": { "io.modelcontextprotocol/logLevel": "banana" } });
    let refused = modern(&alice, "tools/call", banana).await;
    assert_eq!(refused.assert_status(400).json()["error"]["code"], -32602, "{refused}");
    for (level, accepted) in [(json!("debug"), true), (json!("banana"), false), (json!(7), false)] {
        let answer = legacy(&alice, "logging/setLevel", json!({ "level": level })).await;
        assert_eq!(answer.json()["error"]["code"] == -32602, !accepted, "{answer}");
    }
    let wrong = json!({ "name": "whoami", "_meta": { "progressToken": {} } });
    modern(&alice, "tools/call", wrong).await.assert_status(400);
}
