//! Whether a body is one JSON-RPC 2.0 message. The SDK answers anything else with 415 and plain text; the
//! specification wants 400 with an error object.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// The body is not a message: a JSON-RPC error without an id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: i32,
    message: Cow<'static, str>,
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;

pub(crate) fn check(body: &[u8]) -> Result<(), Refusal> {
    let refuse = |code, message: &'static str| Err(Refusal { code, message: message.into() });
    let Ok(message) = serde_json::from_slice::<Value>(body) else {
        return refuse(PARSE_ERROR, "the body is not valid JSON");
    };
    let Value::Object(message) = message else {
        return refuse(
            INVALID_REQUEST,
            match message {
                Value::Array(_) => "batches are not supported, send one message in a request",
                _ => "a message is a JSON object",
            },
        );
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refuse(INVALID_REQUEST, "jsonrpc must be \"2.0\"");
    }
    let is_response = message.contains_key("result") || message.contains_key("error");
    match message.get("method") {
        Some(Value::String(_)) => {}
        None if is_response => {}
        _ => return refuse(INVALID_REQUEST, "method must be a string"),
    }
    if !matches!(message.get("id"), None | Some(Value::String(_) | Value::Number(_))) {
        return refuse(INVALID_REQUEST, "id must be a string or a number");
    }
    if !matches!(message.get("params"), None | Some(Value::Object(_))) {
        return refuse(INVALID_REQUEST, "params must be an object");
    }
    Ok(())
}

/// Optional white space around header values is not part of them (RFC 9110, 5.5); some front ends leave it there.
pub(crate) fn normalize_headers(headers: &mut HeaderMap) {
    for name in ["mcp-method", "mcp-name", "mcp-protocol-version"] {
        if let Some(value) = headers.get(name)
            && let Ok(trimmed) = HeaderValue::from_bytes(value.as_bytes().trim_ascii())
        {
            headers.insert(name, trimmed);
        }
    }
}

impl Refusal {
    /// The request is wrong around its body.
    pub(crate) fn of_request(message: String) -> Self {
        Self { code: INVALID_REQUEST, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body =
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": self.code, "message": self.message } });
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_rpc_messages_pass() {
        let code = |body: &str| check(body.as_bytes()).err().map(|refusal| refusal.code);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), None);
        assert_eq!(code(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), None);
        assert_eq!(code("{"), Some(PARSE_ERROR));
        assert_eq!(code("\u{0}"), Some(PARSE_ERROR));
        for wrong in [
            "[]",
            "7",
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
        ] {
            assert_eq!(code(wrong), Some(INVALID_REQUEST), "{wrong}");
        }
    }
}
