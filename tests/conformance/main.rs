//! The official MCP conformance suite against this server: `cargo xtask conformance`.
//!
//! The server is the real one on its own database, built with the tools, prompts and resources that the suite
//! calls (the feature `diagnostics` of `functions/mcp`). The suite cannot send a credential, so one is added
//! to its requests before they reach the routers; nothing else is changed. `expected-failures.yml` lists what
//! must fail, and why; any other failure, and any listed check that passes, fails the run. The last line of
//! standard output is the result as JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a run that panics says where it broke")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]

#[allow(dead_code, unused_imports, reason = "shared with the end-to-end tests")]
#[path = "../harness/mod.rs"]
mod harness;
#[allow(dead_code, reason = "shared with the end-to-end tests")]
#[path = "../installation.rs"]
mod installation;
#[path = "../node/mod.rs"]
mod node;
mod suite;

use std::process::ExitCode;

use axum::extract::Request;
use axum::middleware::{self, Next};
use harness::{TestApp, person, register};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde_json::json;
use suite::{Outcome, Suite};

#[tokio::main]
async fn main() -> ExitCode {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let url = serve(&app, &alice.token).await;
    let suite = tokio::task::spawn_blocking(move || Suite::new(url)).await.unwrap();
    let (mut summary, mut as_expected) = (json!({}), true);
    for revision in ["2026-07-28", "2025-11-25"] {
        let outcome = suite.run(revision).await;
        as_expected &= outcome.as_expected;
        summary[revision] = json!({ "passed": outcome.passed, "scored": outcome.scored });
    }
    let outcome = authorization(&suite).await;
    as_expected &= outcome.as_expected;
    summary["authorization"] = json!({ "passed": outcome.passed, "scored": outcome.scored });
    println!("{summary}");
    if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The authorization server of another installation, one that calls itself by the URL at which the suite finds it. Its
/// client is registered beforehand.
async fn authorization(suite: &Suite) -> Outcome {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let client = register(&app, &format!("http://127.0.0.1:{free}/callback")).await;
    let person = person(&app, &ada.email).await;
    suite.run_authorization(&url, &client, free, &person).await
}

/// Serves the application on a port of this machine, with that credential in every request; the endpoint's URL.
async fn serve(app: &TestApp, credential: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}/mcp", listener.local_addr().unwrap().port());
    let authorization = HeaderValue::from_str(&format!("Bearer {credential}")).unwrap();
    let authorized = middleware::from_fn(move |mut request: Request, next: Next| {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        next.run(request)
    });
    let router = app.router().layer(authorized);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
