//! Outcomes as HTTP responses: one JSON object, or a complete event stream if there are notices to send before it.

use std::fmt::Write as _;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};
use shared::Error;

use crate::discovery;
use crate::era::Version;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::json::{self, object};

/// The answer to a request.
pub(crate) fn result(id: &Value, mut result: Value, exchange: &Exchange<'_>) -> Response {
    if exchange.terms.version.is_modern()
        && let Value::Object(members) = &mut result
    {
        members.entry("resultType").or_insert_with(|| json!("complete"));
        members.entry("_meta").or_insert_with(|| json!({}))["io.modelcontextprotocol/serverInfo"] =
            discovery::server_info();
    }
    let message = object([("jsonrpc", "2.0".into()), ("id", id.clone()), ("result", result)]);
    let notices = exchange.notices.take();
    if notices.is_empty() {
        return json(StatusCode::OK, &message);
    }
    let mut events = String::new();
    for event in notices.iter().chain([&message]) {
        let _ = write!(events, "event: message\ndata: {event}\n\n");
    }
    let headers = [
        (CONTENT_TYPE.as_str(), "text/event-stream"),
        (CACHE_CONTROL.as_str(), "no-store"),
        // Some proxies buffer events otherwise.
        ("x-accel-buffering", "no"),
    ];
    (headers, events).into_response()
}

/// The answer to a request that failed.
pub(crate) fn fault(id: &Value, fault: &Fault, version: Version) -> Response {
    json(fault.status(version), &error(Some(id), fault))
}

/// The answer to something that is not a request.
pub(crate) fn refusal(fault: &Fault, version: Version) -> Response {
    json(fault.status(version), &error(fault.id.as_ref(), fault))
}

/// The answer to a message that was not even read: the status and headers of the HTTP error, with the text
/// where MCP clients look for it.
pub(crate) fn unread(id: Option<&Value>, problem: Error) -> Response {
    let message = error(id, &Fault::unread(&problem));
    let mut response = problem.into_response();
    let (head, body) = json(response.status(), &message).into_parts();
    response.headers_mut().extend(head.headers);
    *response.body_mut() = body;
    response
}

/// The error message. An unknown id is left out, because ids of this protocol cannot be null.
fn error(id: Option<&Value>, fault: &Fault) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "error": fault.object() });
    if let Some(id) = id {
        message["id"] = id.clone();
    }
    message
}

fn json(status: StatusCode, message: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, json::text(message)).into_response()
}
