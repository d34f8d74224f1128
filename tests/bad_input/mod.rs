//! Wrong input to every operation: the answer is a problem that says so, never an internal error, and nothing changes.
//!
//! The callers may do everything, so that only the input can be refused. `accepted.txt` lists the mutated bodies that
//! are accepted after all, and is reviewed when it changes: they should only be what the field is documented to accept.

mod addresses;
mod mutations;

use std::fmt::Write as _;

use axum::body::Body;
use http::Request;
use mutations::Mutation;

use crate::harness::{Answer, Client as _, TestApp, World, reviewed_file_changed};
use crate::operations::{self, Call};

#[tokio::test]
async fn a_wrong_body_is_a_problem_and_changes_nothing() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let mut accepted = String::new();
    for (_, operation) in server::operations() {
        let calls = operations::calls(&operation, &world);
        let Some(call) = calls.into_iter().find(|call| call.body.is_some()) else { continue };
        let mut before = world.tables().await;
        for mutation in mutations::of(call.body.as_ref().unwrap()) {
            let answer = send(&world, &call, &mutation).await;
            if answer.status.is_success() && !is_tool_error(&answer) {
                let _ = writeln!(accepted, "{:<52} {}", operations::name(&operation), mutation.what);
                before = world.tables().await;
            } else {
                assert_refused(&call, &mutation, &answer);
            }
        }
        let who = format!("a wrong body of {}", call.name);
        before.assert_unchanged(&world.tables().await, &who);
    }
    let changed = reviewed_file_changed("bad_input/accepted.txt", &accepted);
    assert!(!changed, "bad_input/accepted.txt was rewritten, review and commit it\n{accepted}");
}

async fn send(world: &World, call: &Call, mutation: &Mutation) -> Answer {
    let request = Request::builder()
        .method(call.method.clone())
        .uri(&call.path)
        .header("host", "mem0.test")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", mutation.content_type)
        .body(Body::from(mutation.body.clone()));
    world.owner.send(request.unwrap()).await
}

#[track_caller]
fn assert_refused(call: &Call, mutation: &Mutation, answer: &Answer) {
    let what = format!("{} with {}", call.name, mutation.what);
    assert!(answer.status.is_client_error() || is_tool_error(answer), "{what}: {answer}");
    // What takes forms looks at nothing else, however large.
    let takes_forms = call.path.starts_with("/oauth/") && call.path != "/oauth/register";
    if mutation.too_large && !takes_forms {
        assert_eq!(answer.status, 413, "{what}: {answer}");
    }
    // MCP has errors of its own, also for what is too long.
    if call.path == "/mcp" {
        return assert!(answer.json().get("jsonrpc").is_some(), "{what}: {answer}");
    }
    // So has OAuth, and people are answered with a page.
    if call.path.starts_with("/oauth/") && !answer.text().starts_with("{\"detail\"") {
        let page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        return assert!(page || answer.json()["error"].is_string(), "{what}: {answer}");
    }
    let kind = answer.json()["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned();
    let field = answer.json()["field"].as_str().map(str::to_owned);
    answer.assert_problem(answer.status.as_u16(), &kind, field.as_deref());
}

/// MCP answers 200 to a call of a tool that did not take its arguments.
fn is_tool_error(answer: &Answer) -> bool {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { return false };
    body["result"]["isError"] == true || body.get("error").is_some_and(|error| error["code"].is_i64())
}
