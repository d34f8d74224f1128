//! CORS: which origins a browser lets read which answers.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::mcp::client::{LEGACY, send};
use crate::harness::{ALLOWED_ORIGIN, Answer, Client, TestApp};

const ANY: &str = "https://somebodys.example";

/// What applications in a browser need before they have a token.
const OPEN: [(&str, &str); 7] = [
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/register"),
    ("POST", "/oauth/revoke"),
];

/// What a browser asks before it sends a page's request.
async fn preflight(client: &impl Client, method: &str, path: &str, origin: &str) -> Answer {
    let request = Request::options(path)
        .header("host", "mem0.test")
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type,mcp-protocol-version");
    client.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_page_may_find_the_authorization_server_and_exchange_tokens() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    for (method, path) in OPEN {
        let before = preflight(&anybody, method, path, ANY).await;
        before.assert_status(200);
        assert_eq!(before.header("access-control-allow-origin"), Some("*"), "{before}");
        assert!(before.header("access-control-allow-methods").unwrap().contains(method), "{before}");
        let headers = before.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("mcp-protocol-version"), "{before}");
        let request = Request::builder().method(method).uri(path).header("origin", ANY);
        let answer = anybody.send(request.body(Body::empty()).unwrap()).await;
        // Refusals, too: a page must be able to read why.
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer}");
        for answer in [before, answer] {
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer}");
        }
    }
}

#[tokio::test]
async fn only_configured_pages_may_call_the_endpoint() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let version = ("mcp-protocol-version", LEGACY);
    for origin in [ALLOWED_ORIGIN, "https://mem0.test", "http://localhost:6274"] {
        let before = preflight(&app.anonymous(), "POST", "/mcp", origin).await;
        assert_eq!(before.header("access-control-allow-origin"), Some(origin), "{before}");
        assert_eq!(before.header("access-control-allow-credentials"), None, "{before}");
        let answer = send(&alice, &ping, &[version, ("origin", origin)]).await;
        answer.assert_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{answer}");
        // So that it can find out where to get a token.
        let refused = send(&app.anonymous(), &ping, &[version, ("origin", origin)]).await;
        refused.assert_status(401);
        assert_eq!(refused.header("access-control-allow-origin"), Some(origin), "{refused}");
        assert!(refused.header("access-control-expose-headers").unwrap().contains("www-authenticate"));
    }
    for origin in [ANY, "null", "http://mem0.test", "https://chat.test.somebodys.example"] {
        let before = preflight(&app.anonymous(), "POST", "/mcp", origin).await;
        assert_eq!(before.header("access-control-allow-origin"), None, "{before}");
        let answer = send(&alice, &ping, &[version, ("origin", origin)]).await;
        answer.assert_status(403);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer}");
    }
}

/// MCP clients in a browser ask `GET /mcp` for a stream, and look for metadata in several places.
#[tokio::test]
async fn pages_can_read_that_there_is_nothing() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (method, path, origin, status) in [
        ("GET", "/mcp", ALLOWED_ORIGIN, 405),
        ("DELETE", "/mcp", ALLOWED_ORIGIN, 405),
        ("GET", "/mcp/", ALLOWED_ORIGIN, 405),
        ("GET", "/mcp/x", ALLOWED_ORIGIN, 404),
        ("GET", "/oauth/token", ANY, 405),
        ("GET", "/oauth/register", ANY, 405),
        ("POST", "/.well-known/jwks.json", ANY, 405),
        ("GET", "/.well-known/openid-configuration", ANY, 404),
    ] {
        let before = preflight(&app.anonymous(), method, path, origin).await;
        let request = Request::builder().method(method).uri(path).header("origin", origin);
        let answer = alice.send(request.body(Body::empty()).unwrap()).await;
        answer.assert_status(status);
        for answer in [before, answer] {
            let allowed = answer.header("access-control-allow-origin").unwrap();
            assert!([origin, "*"].contains(&allowed), "{answer}");
        }
    }
    // Others still read nothing of the endpoint.
    let request = Request::builder().method("GET").uri("/mcp").header("origin", ANY);
    let answer = alice.send(request.body(Body::empty()).unwrap()).await;
    answer.assert_status(405);
    assert_eq!(answer.header("access-control-allow-origin"), None, "{answer}");
}

/// Pages that people see, and everything that goes by a cookie or a login, is nobody else's to read.
#[tokio::test]
async fn nothing_else_is_open_to_other_pages() {
    let app = TestApp::new().await;
    let open: Vec<&str> = OPEN.iter().map(|(_, path)| *path).chain(["/mcp"]).collect();
    for (_, operation) in server::operations() {
        if !open.contains(&operation.path) {
            let before = preflight(&app.anonymous(), operation.method, operation.path, ALLOWED_ORIGIN).await;
            assert_eq!(before.header("access-control-allow-origin"), None, "{before}");
        }
    }
}
