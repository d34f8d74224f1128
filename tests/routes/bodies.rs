//! Bodies that do not arrive, come with a refused credential, or are encoded.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use http::Request;
use shared::config::LimitsConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Client as _, TestApp};

/// A client that reads no answer before it has sent everything must learn that it needs another credential.
#[tokio::test]
async fn who_is_refused_can_finish_sending() {
    let (_app, url) = TestApp::published().await;
    let host = url.strip_prefix("http://").unwrap();
    let chunk = vec![b' '; 16 * 1024];
    for (path, origin, status) in [
        ("/mcp", "http://localhost:1", "401"),
        ("/mcp", "https://evil.example", "403"),
        ("/v3/memories/add/", "http://localhost:1", "401"),
    ] {
        let mut connection = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nauthorization: Bearer expired\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            30 * chunk.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..30 {
            connection.write_all(&chunk).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{path}");
    }
}

#[tokio::test]
async fn who_stops_sending_is_told_so() {
    let limits = LimitsConfig { request: Duration::from_secs(2), ..LimitsConfig::default() };
    let app = TestApp::with_limits(limits).await;
    for (path, kind) in [
        ("/oauth/register", "application/json"),
        ("/oauth/token", "application/x-www-form-urlencoded"),
        ("/v1/auth/login", "application/json"),
    ] {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        let request = Request::post(path)
            .header("host", "mem0.test")
            .header("content-type", kind)
            .body(Body::from_stream(begun.chain(stream::pending())));
        let answer = app.anonymous().send(request.unwrap()).await;
        answer.assert_problem(408, "body-missing", None);
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
        assert_eq!(answer.header("retry-after"), None, "{answer}");
    }
}

#[tokio::test]
async fn encoded_bodies_are_refused_as_such() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let form = "application/x-www-form-urlencoded";
    let ping = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    let search = r#"{"query": "x", "filters": {"user_id": "x"}}"#;
    for (path, kind, body) in [
        ("/mcp", "application/json", ping),
        ("/v3/memories/search/", "application/json", search),
        ("/oauth/revoke", form, "client_id=mem0-cli&token=x"),
    ] {
        for (encoding, taken) in [("gzip", false), ("br", false), ("identity", true), ("", true)] {
            let request = Request::post(path)
                .header("host", "mem0.test")
                .header("content-type", kind)
                .header("content-encoding", encoding);
            let request = request.body(Body::from(body)).unwrap();
            let answer = match kind == form {
                true => app.anonymous().send(request).await,
                false => alice.send(request).await,
            };
            if taken {
                answer.assert_status(200);
            } else {
                answer.assert_status(415);
                assert!(answer.text().contains("send the body without Content-Encoding"), "{answer}");
            }
        }
    }
}
