//! JSON-RPC 2.0 messages: a body holds exactly one.

use serde_json::{Map, Value};
use shared::http::BodyError;

use crate::fault::Fault;
use crate::json;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// Returns a parameter that is given; `null` counts as not given.
pub(crate) fn given<'a>(params: &'a Object, name: &str) -> Option<&'a Value> {
    params.get(name).filter(|value| !value.is_null())
}

/// A message from a client.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// Expects an answer.
    Request(Request),
    /// Expects no answer.
    Notification { method: String, params: Object },
    /// A response. The server never sends requests to clients, so it answers nothing.
    Response,
}

/// A request.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// A string or an integer, returned unchanged.
    pub(crate) id: Value,
    pub(crate) method: String,
    pub(crate) params: Object,
}

impl Message {
    /// Parses a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Fault> {
        let mut message = match shared::http::body(body) {
            Ok(Value::Object(message)) => message,
            Ok(Value::Array(_)) => {
                return Err(Fault::not_a_message("batches are not supported, send one message in a request"));
            }
            Ok(_) => return Err(Fault::not_a_message("a message is a JSON object")),
            Err(BodyError::NotJson(problem)) => return Err(Fault::not_json(problem).of(id_within(body))),
            Err(BodyError::Refused { place, problem }) => {
                let place = place.map_or_else(|| "the body ".to_owned(), |place| format!("{place}: "));
                return Err(Fault::not_a_message(format!("{place}{problem}")).of(id_within(body)));
            }
        };
        let given = message.remove("id");
        let id = given.clone().filter(is_id);
        let refuse = |problem: &'static str| Err(Fault::not_a_message(problem).of(id.clone()));
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return refuse("jsonrpc must be \"2.0\"");
        }
        if given.is_some() && id.is_none() {
            return refuse("id must be a string or an integer");
        }
        let method = match message.remove("method") {
            Some(Value::String(method)) => method,
            None if message.contains_key("result") || message.contains_key("error") => {
                return Ok(Self::Response);
            }
            _ => return refuse("method must be a string"),
        };
        let params = match message.remove("params") {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return refuse("params must be an object"),
        };
        match id {
            Some(id) => Ok(Self::Request(Request { id, method, params })),
            None if method.starts_with("notifications/") => Ok(Self::Notification { method, params }),
            None => refuse("a request needs an id"),
        }
    }
}

/// Returns whether a value can be an id. Numbers other than integers might not be returned as they were sent.
fn is_id(value: &Value) -> bool {
    value.is_string() || value.is_i64() || value.is_u64()
}

/// Returns the id of a malformed or truncated message, if it can be found and occurs once.
pub(crate) fn id_within(text: &[u8]) -> Option<Value> {
    let ids = json::values_of("id", text);
    ids.into_iter().reduce(|_, _| Value::Null).filter(is_id)
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
        // Clients that write what they leave out.
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#), None);
        assert_eq!(code(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#), None);
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
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":12345678901234567890123,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":12345678901234567890123}}"#,
            &"[".repeat(200),
        ] {
            assert_eq!(code(wrong), Some(-32600), "{wrong}");
        }
    }

    #[test]
    fn an_id_that_can_be_read_is_not_lost() {
        let id = |body: &str| Message::parse(body.as_bytes()).unwrap_err().id;
        for wrong in [
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":7}"#,
            r#"{"jsonrpc":"2.0","method":"ping","params":[],"id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"#,
        ] {
            assert_eq!(id(wrong), Some(Value::from(1)), "{wrong}");
        }
        for unknown in [
            "{",
            "[]",
            "7",
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"ping","params":{"id":1}"#,
            // More digits may follow.
            r#"{"jsonrpc":"2.0","id":1"#,
        ] {
            assert_eq!(id(unknown), None, "{unknown}");
        }
    }
}
