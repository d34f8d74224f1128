//! What must be known of a message to send it over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One line.
#[derive(Debug)]
pub(super) struct Message {
    /// Null for notifications.
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) value: Value,
    /// As it came.
    pub(super) text: String,
}

impl Message {
    /// Reads a line; none if it is empty.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, String> {
        let text = line.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))?;
        let method = value["method"].as_str().unwrap_or_default().to_owned();
        Ok(Some(Self { id: value["id"].clone(), method, text: text.to_owned(), value }))
    }

    /// The version that a modern message carries itself.
    pub(super) fn version(&self) -> Option<&str> {
        self.value["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str()
    }

    /// The value of `Mcp-Name`: what the method is about.
    pub(super) fn name(&self) -> Option<String> {
        let member = match self.method.as_str() {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            _ => return None,
        };
        self.value["params"][member].as_str().map(header)
    }
}

/// Text as a header's value; what cannot stand in one is encoded.
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
        let message = Message::parse(text).unwrap().unwrap();
        assert_eq!((message.name().as_deref(), message.version()), (Some("mem0://profile"), None));
        assert!(Message::parse("  ").unwrap().is_none());
        assert!(Message::parse("{").is_err());
    }
}
