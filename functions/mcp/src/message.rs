//! What a body holds: one JSON-RPC 2.0 message.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::json;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A message of a client's.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification { method: String, params: Object },
    /// An answer to something that was never asked: there are no requests to clients.
    Response,
}

/// A request.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// A string or a number, given back as it came.
    pub(crate) id: Value,
    pub(crate) method: String,
    pub(crate) params: Object,
}

impl Message {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Fault> {
        let mut message = match json::parse(body).map_err(Fault::not_json)? {
            Value::Object(message) => message,
            Value::Array(_) => {
                return Err(Fault::not_a_message("batches are not supported, send one message in a request"));
            }
            _ => return Err(Fault::not_a_message("a message is a JSON object")),
        };
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Fault::not_a_message("jsonrpc must be \"2.0\""));
        }
        let id = message.remove("id");
        if !matches!(id, None | Some(Value::String(_) | Value::Number(_))) {
            return Err(Fault::not_a_message("id must be a string or a number"));
        }
        let method = match message.remove("method") {
            Some(Value::String(method)) => method,
            None if message.contains_key("result") || message.contains_key("error") => {
                return Ok(Self::Response);
            }
            _ => return Err(Fault::not_a_message("method must be a string")),
        };
        let params = match message.remove("params") {
            None => Object::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Fault::not_a_message("params must be an object")),
        };
        match id {
            Some(id) => Ok(Self::Request(Request { id, method, params })),
            None if method.starts_with("notifications/") => Ok(Self::Notification { method, params }),
            None => Err(Fault::not_a_message("a request needs an id")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_rpc_messages_pass() {
        let code = |body: &str| Message::parse(body.as_bytes()).err().map(|fault| fault.code);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), None);
        assert_eq!(code(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), None);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), None);
        for broken in ["{", "\u{0}", "", r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#] {
            assert_eq!(code(broken), Some(-32700), "{broken}");
        }
        for wrong in [
            "[]",
            "7",
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
        ] {
            assert_eq!(code(wrong), Some(-32600), "{wrong}");
        }
    }
}
