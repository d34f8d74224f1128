//! `GET /health`, `GET /ready`, and what all answers have in common.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_live_process_says_so_without_asking_the_database() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/health").await;
    answer.assert_status(200);
    insta::assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "status": "ok"
    }
    "#);
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn readiness_names_the_schema() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/ready").await;
    answer.assert_status(200);
    assert_eq!(answer.json()["status"], "ready");
    assert_eq!(answer.json()["schema_version"], shared::db::SCHEMA_VERSION);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_of_its_own() {
    let app = TestApp::new().await;
    app.anonymous().get("/nothing/here").await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405() {
    let app = TestApp::new().await;
    app.anonymous().delete("/health").await.assert_problem(405, "method-not-allowed", None);
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_to_the_next_request() {
    let (_app, url) = TestApp::published().await;
    let mut connection = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    for path in ["/nothing/here", "/v1/ping/", "/v3/memories/search/", "/mcp"] {
        // The body comes later than what the refusal is for, as many clients send it.
        let head = format!("POST {path} HTTP/1.1\r\nhost: mem0\r\ncontent-length: 2\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        connection.write_all(b"{}").await.unwrap();
        let mut answer = vec![0; 4096];
        let length = connection.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer:?}");
        assert!(!answer.to_lowercase().contains("connection: close"), "{path}: {answer}");
    }
}
