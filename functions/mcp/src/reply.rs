//! Outcomes as HTTP: one JSON object, or an event stream of one piece when there is something to tell before it.

use std::fmt::Write as _;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::discovery;
use crate::era::Version;
use crate::exchange::Exchange;
use crate::fault::Fault;

/// The answer to a request.
pub(crate) fn result(id: &Value, mut result: Value, exchange: &Exchange<'_>) -> Response {
    if exchange.terms.version.is_modern()
        && let Value::Object(members) = &mut result
    {
        members.entry("resultType").or_insert_with(|| json!("complete"));
        members.entry("_meta").or_insert_with(|| json!({}))["io.modelcontextprotocol/serverInfo"] =
            discovery::server_info();
    }
    let message = json!({ "jsonrpc": "2.0", "id": id, "result": result });
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
        // Some front ends hold events back otherwise.
        ("x-accel-buffering", "no"),
    ];
    (headers, events).into_response()
}

/// The answer to a request that cannot be done.
pub(crate) fn fault(id: &Value, fault: &Fault, version: Version) -> Response {
    let message = json!({ "jsonrpc": "2.0", "id": id, "error": fault.object() });
    json(fault.status(version), &message)
}

/// The answer to what is no request, and so has no id.
pub(crate) fn refusal(refused: &Fault, version: Version) -> Response {
    fault(&Value::Null, refused, version)
}

fn json(status: StatusCode, message: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, message.to_string()).into_response()
}
