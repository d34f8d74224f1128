//! Invalid bodies and headers, as clients of either era might send them: refused with the right
//! code, never with an internal error.

use axum::body::Body;
use http::Request;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::client::{LEGACY, MODERN, modern, send};
use crate::harness::{Actor, Answer, Client as _, TestApp};

/// Sends bytes as they are.
async fn post(actor: &Actor, body: impl Into<Body>) -> Answer {
    let request = Request::post("/mcp")
        .header("host", "mem0.test")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    actor.send(request.body(body.into()).unwrap()).await
}

#[track_caller]
fn assert_code(answer: &Answer, status: u16, code: i64) {
    assert_eq!(answer.status.as_u16(), status, "{answer}");
    assert_eq!(answer.json()["error"]["code"], code, "{answer}");
    assert_eq!(answer.json()["jsonrpc"], "2.0", "{answer}");
}

#[tokio::test]
async fn what_is_no_message_is_told_so() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}{}}}"#,
        "{\"a\":".repeat(5000),
        "}".repeat(5000)
    );
    for broken in [
        "",
        " ",
        "{",
        "nothing",
        "\u{feff}{}",
        "{\"jsonrpc\":\"2.0\",}",
        "[1,",
        "{'jsonrpc':'2.0'}",
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"delete_memory"}}"#,
    ] {
        assert_code(&post(&alice, broken.to_owned()).await, 400, -32700);
    }
    assert_code(&post(&alice, vec![0xff, 0xfe, b'{', b'}']).await, 400, -32700);
    // It is JSON, and more than this server takes.
    assert_code(&post(&alice, deep).await, 400, -32600);
    for no_message in [
        "7",
        "null",
        "\"ping\"",
        "[]",
        "{}",
        r#"{"a":1}"#,
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
    ] {
        assert_code(&post(&alice, no_message.to_owned()).await, 400, -32600);
    }
}

#[tokio::test]
async fn ten_megabytes_are_too_much_and_cost_nothing() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments = json!({ "text": "x".repeat(10 * 1024 * 1024) });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                       "params": { "name": "add_memory", "arguments": arguments } });
    let answer = post(&alice, body.to_string()).await;
    assert_code(&answer, 413, -32600);
    assert_eq!(answer.json()["id"], 1, "{answer}");
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("1048576 bytes"), "{answer}");
    assert_eq!(alice.get("/v1/stats/").await.ok()["total_memories"], 0);
}

#[tokio::test]
async fn an_id_that_can_be_read_comes_back_and_none_is_null() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (body, id) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":7}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","id":"a","method":"ping","params":[]}"#, json!("a")),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":1}}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","id":-9007199254740993,"method":7}"#, json!(-9_007_199_254_740_993_i64)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","id":12345678901234567890123,"method":"ping"}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, Value::Null),
        ("[]", Value::Null),
        ("{", Value::Null),
    ] {
        let answer = post(&alice, body.to_owned()).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["id"], id, "{body}: {answer}");
        // There is no null among the ids of this protocol.
        assert_eq!(answer.json().as_object().unwrap().contains_key("id"), !id.is_null(), "{body}: {answer}");
    }
}

#[tokio::test]
async fn unknown_versions_methods_and_tools_are_named() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let call = json!({ "name": "no_such_tool", "arguments": {} });
    let unknown = modern(&alice, "tools/call", call.clone()).await;
    assert_eq!(unknown.json()["error"]["code"], -32602, "{unknown}");
    assert!(unknown.json()["error"]["message"].as_str().unwrap().contains("no_such_tool"), "{unknown}");
    assert_code(&modern(&alice, "no/such/method", json!({})).await, 404, -32601);
    // The same, wherever the version was named.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2027-01-01", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta } });
    let in_body = send(&alice, &body, &[("mcp-protocol-version", "2027-01-01")]).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let in_header = send(&alice, &body, &[("mcp-protocol-version", "2027-01-01")]).await;
    let discovered = modern(&alice, "server/discover", json!({})).await.ok();
    for answer in [in_body, in_header] {
        assert_code(&answer, 400, -32022);
        assert_eq!(answer.json()["error"]["data"]["supported"], discovered["result"]["supportedVersions"]);
    }
    for version in ["2099-01-01", "2024-11-05", "x", ""] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let answer = send(&alice, &body, &[("mcp-protocol-version", version)]).await;
        assert_code(&answer, 400, -32022);
        assert!(answer.json()["error"]["data"]["supported"].as_array().unwrap().contains(&json!(MODERN)));
    }
}

#[tokio::test]
async fn headers_that_say_something_else_than_the_body_are_refused() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "whoami", "arguments": {},
        "_meta": { "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {} },
    } });
    let right = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "whoami")];
    assert_eq!(send(&alice, &body, &right).await.status, 200);
    for (index, wrong) in
        [(0, LEGACY), (1, "tools/list"), (2, "delete_memory"), (2, "=?base64?%%%?="), (2, "Whoami")]
    {
        let mut headers = right;
        headers[index].1 = wrong;
        assert_code(&send(&alice, &body, &headers).await, 400, -32020);
    }
    for missing in 0..3 {
        let headers: Vec<_> =
            right.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, it)| *it).collect();
        assert_code(&send(&alice, &body, &headers).await, 400, -32020);
    }
    let twice = [right.as_slice(), &[("mcp-name", "delete_memory")]].concat();
    assert_code(&send(&alice, &body, &twice).await, 400, -32020);
}

/// Whatever is sent, it is answered, as JSON-RPC or as a problem, and is no fault of ours.
#[tokio::test]
async fn no_message_at_all_brings_the_server_down() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let mut runner = TestRunner::deterministic();
    let text = r#"(\{|\}|\[|\]|"|:|,|[0-9eE+.-]{1,4}|jsonrpc|2\.0|method|params|id|tools/call|name|arguments|_meta|null|true|\\u[0-9a-f]{4}|.){0,40}"#;
    let text = proptest::string::string_regex(text).unwrap();
    for _ in 0..300 {
        let body = text.new_tree(&mut runner).unwrap().current();
        let answer = post(&alice, body.clone()).await;
        assert!(answer.status.is_client_error(), "{body:?}: {answer}");
        assert!(answer.json()["error"]["code"].is_i64(), "{body:?}: {answer}");
    }
    let methods = [
        "tools/call",
        "tools/list",
        "resources/read",
        "prompts/get",
        "completion/complete",
        "initialize",
        "x",
    ];
    let value = any_json().prop_map(|value| value.to_string());
    for round in 0..200 {
        let params = value.new_tree(&mut runner).unwrap().current();
        let method = methods[round % methods.len()];
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{round},"method":"{method}","params":{{"name":{params},"uri":{params},"ref":{params},"arguments":{params},"cursor":{params},"_meta":{params}}}}}"#
        );
        let answer = post(&alice, body.clone()).await;
        assert!(!answer.status.is_server_error(), "{body}: {answer}");
        assert_eq!(answer.json()["jsonrpc"], "2.0", "{body}: {answer}");
    }
}

/// JSON of every kind, a few levels deep.
fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("search_memories")),
        Just(json!("mem0://profile")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_/.]{0,30}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
