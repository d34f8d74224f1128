//! The parts of a message that are needed to send it over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One line of input.
#[derive(Debug)]
pub(super) struct Message {
    /// The ids to answer: none for a notification or a response, several for a batch. Null for a message that
    /// needs an answer but has no id.
    pub(super) ids: Vec<Value>,
    /// Empty if the message has none.
    pub(super) method: String,
    pub(super) value: Value,
    /// The original text.
    pub(super) text: String,
}

impl Message {
    /// Parses a line; returns `None` if it is empty.
    pub(super) fn parse(line: &[u8]) -> Result<Option<Self>, String> {
        let text = std::str::from_utf8(line).map_err(|error| format!("not UTF-8: {error}"))?.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(text).or_else(|error| match without_halves(text) {
            Some(whole) => serde_json::from_str(&whole),
            None => Err(error),
        });
        let value: Value = value.map_err(|error| format!("not valid JSON: {error}"))?;
        let method = value["method"].as_str().unwrap_or_default().to_owned();
        let ids = match &value {
            Value::Array(batch) if !batch.is_empty() => batch.iter().filter_map(waiting).collect(),
            single => waiting(single).into_iter().collect(),
        };
        Ok(Some(Self { ids, method, text: text.to_owned(), value }))
    }

    /// Returns the protocol version that a modern message carries.
    pub(super) fn version(&self) -> Option<&str> {
        self.value["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str()
    }

    /// Returns the value of `Mcp-Name`: the target of the method.
    pub(super) fn name(&self) -> Option<String> {
        let member = match self.method.as_str() {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            _ => return None,
        };
        self.value["params"][member].as_str().map(header)
    }
}

/// Returns a JSON text without escapes of half a character (`\ud83d`), which a client writes after it cut a text within
/// an emoji: only the headers are made from it, and the server reads the escapes itself. `None` if there is none.
fn without_halves(text: &str) -> Option<String> {
    let (mut whole, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let low = escape.get(6..).and_then(unit).is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
        let length = match unit(escape) {
            Some(0xd800..0xdc00) if low => 12,
            Some(0xd800..0xe000) => 0,
            // The escaped character may be a backslash.
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        whole.push_str(&escape[..length]);
        rest = &escape[if length == 0 { 6 } else { length }..];
    }
    whole.push_str(rest);
    (whole.len() < text.len()).then_some(whole)
}

/// Returns the UTF-16 code unit that a text begins with, if it begins with an escape of one.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Returns the id under which an answer is expected, if any.
fn waiting(message: &Value) -> Option<Value> {
    let asks = message.get("method").is_some();
    let answers = message.get("result").is_some() || message.get("error").is_some();
    match message.get("id") {
        Some(id) if asks || !answers => Some(id.clone()),
        // Neither a request nor a response: its author should learn what is wrong with it.
        None if !asks && !answers => Some(Value::Null),
        _ => None,
    }
}

/// Encodes text as a header value, in base64 if it cannot be written plainly.
fn header(text: &str) -> String {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if plain && text.trim() == text && !text.is_empty() && !text.starts_with("=?base64?") {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_encoded_where_they_must_be() {
        assert_eq!(header("search_memories"), "search_memories");
        assert_eq!(header("über"), "=?base64?w7xiZXI=?=");
        assert_eq!(header(" x"), "=?base64?IHg=?=");
        assert_eq!(header("a\r\nb"), "=?base64?YQ0KYg==?=");
        assert_eq!(header("=?base64?x?="), "=?base64?PT9iYXNlNjQ/eD89?=");
    }

    #[test]
    fn a_message_says_what_it_is_about() {
        let text = r#"{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"mem0://profile"}}"#;
        let message = Message::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!((message.name().as_deref(), message.version()), (Some("mem0://profile"), None));
        assert!(Message::parse(b"  ").unwrap().is_none());
        for broken in [&b"{"[..], b"{\"a\": \"\xff\"}", b"\xc3"] {
            assert!(Message::parse(broken).is_err());
        }
    }

    #[test]
    fn half_an_emoji_is_passed_on() {
        for half in [r"\ud83d", r"\udc1d", r"\\\ud83d\n", r"\ud83d\ud83d\udc1d"] {
            let text = format!(
                r#"{{"id":7,"method":"tools/call","params":{{"name":"add_memory","text":"{half}"}}}}"#
            );
            let message = Message::parse(text.as_bytes()).unwrap().unwrap();
            assert_eq!((message.name().as_deref(), message.text), (Some("add_memory"), text));
        }
        assert_eq!(without_halves(r#"["\\ud83d \ud83d\udc1d \u00e9 \"#), None);
    }

    #[test]
    fn it_is_known_who_waits_for_an_answer() {
        for (text, ids) in [
            (r#"{"id":7,"method":"ping"}"#, json!([7])),
            (r#"{"id":null,"method":"ping"}"#, json!([null])),
            (r#"{"method":"notifications/initialized"}"#, json!([])),
            (r#"{"id":7,"result":{}}"#, json!([])),
            (r#"{"id":7}"#, json!([7])),
            ("7", json!([null])),
            ("[]", json!([null])),
            (r#"[{"id":1,"method":"a"},{"method":"b"},{"id":"c","method":"d"}]"#, json!([1, "c"])),
        ] {
            let message = Message::parse(text.as_bytes()).unwrap().unwrap();
            assert_eq!(Value::from(message.ids), ids, "{text}");
        }
    }
}
