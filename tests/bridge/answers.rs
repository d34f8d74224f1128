//! Every request of a tool is answered exactly once, despite lines that are not messages and
//! servers that violate the protocol.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use http::Response;
use serde_json::{Value, json};

use super::modern;
use super::peer::Peer;
use super::program::Bridge;
use crate::harness::TestApp;

#[tokio::test]
async fn a_line_that_is_not_text_does_not_lose_what_was_asked_before() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let mut bridge = Bridge::start(&app.serve().await, Some(&alice.token)).await;
    bridge.tell(&modern(1, "tools/list", json!({}))).await;
    bridge.tell_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"\xff\xfe\"}\n").await;
    bridge.tell(&modern(3, "tools/list", json!({}))).await;
    let mut answers = [bridge.read().await, bridge.read().await, bridge.read().await];
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers[0]["error"]["code"], -32700, "{}", answers[0]);
    assert!(answers[1]["result"].is_object() && answers[2]["result"].is_object());
    bridge.end().await;
}

#[tokio::test]
async fn what_the_server_does_not_understand_is_answered_under_the_ids_that_wait() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let mut bridge = Bridge::start(&app.serve().await, Some(&alice.token)).await;
    for (line, ids, word) in [
        (r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#, json!([1]), "twice"),
        (r#"{"jsonrpc":"2.0","id":2}"#, json!([2]), "method"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, json!([null]), "id must be"),
        ("7", json!([null]), "object"),
        (
            r#"[{"jsonrpc":"2.0","id":3,"method":"ping"},{"jsonrpc":"2.0","id":"4","method":"ping"}]"#,
            json!([3, "4"]),
            "batches",
        ),
    ] {
        bridge.tell_text(line).await;
        for id in ids.as_array().unwrap() {
            let answer = bridge.read().await;
            assert_eq!(&answer["id"], id, "{line}: {answer}");
            let said = answer["error"]["message"].as_str().unwrap();
            assert!(said.contains(word), "{line}: {answer}");
        }
    }
    // Answers of the tool's are taken without a word.
    bridge.tell_text(r#"{"jsonrpc":"2.0","id":5,"result":{}}"#).await;
    assert_eq!(bridge.ask(&modern(6, "tools/list", json!({}))).await["id"], 6);
    bridge.end().await;
}

/// What a request is answered with through a bridge to this peer, after what else comes.
async fn asked(peer: &Peer, others: usize) -> Value {
    let mut bridge = Bridge::start(&peer.url, Some("m0sk_x")).await;
    bridge.tell(&modern(1, "tools/list", json!({}))).await;
    for _ in 0..others {
        assert!(bridge.read().await.get("id").is_none());
    }
    let answer = bridge.read().await;
    assert_eq!(answer["id"], 1, "{answer}");
    bridge.end().await;
    answer
}

#[tokio::test]
async fn a_server_that_does_not_finish_is_an_error() {
    const PROGRESS: &str =
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n";
    let ends = Peer::answering(200, "text/event-stream", PROGRESS).await;
    let answer = asked(&ends, 1).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("before the result"), "{answer}");

    let breaks = Peer::with(|| {
        let parts = [Ok(Bytes::from(PROGRESS)), Err(std::io::Error::other("gone"))];
        let body = Body::from_stream(futures_util::stream::iter(parts).then(async |part| {
            // Each in a packet of its own.
            tokio::task::yield_now().await;
            part
        }));
        Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
    });
    let answer = asked(&breaks.await, 1).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("broke off"), "{answer}");

    let page = Peer::answering(502, "text/html", "<html>gateway</html>").await;
    let answer = asked(&page, 0).await;
    assert_eq!(answer["error"]["code"], 502, "{answer}");

    let nobodys = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"not from there"}}"#;
    let refuses = Peer::answering(403, "application/json", nobodys).await;
    assert_eq!(asked(&refuses, 0).await["error"]["message"], "not from there");
}
