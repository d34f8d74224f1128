//! Messages as mem0's clients send them: a text, one message, or a list. Contents are text or parts.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::memory::Message;
use shared::{Error, Result, http};

/// Any of the three forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Messages {
    Text(String),
    One(Value),
}

/// One message. Other members that chat APIs put into messages (`tool_calls`, ids) are ignored.
#[derive(Debug, Deserialize)]
struct Wire {
    role: String,
    /// A text, or a list of parts.
    #[serde(default)]
    content: Value,
    #[serde(default)]
    name: Option<String>,
}

/// A part of a message. Only text can be remembered, not files or pictures.
#[derive(Debug, Deserialize)]
struct Part {
    r#type: String,
    #[serde(default)]
    text: Option<String>,
}

impl Messages {
    pub(crate) fn read(self) -> Result<Vec<Message>> {
        let list = match self {
            Self::Text(content) => {
                return Ok(vec![Message { role: "user".to_owned(), content, name: None }]);
            }
            Self::One(Value::Array(list)) => list,
            Self::One(message @ Value::Object(_)) => vec![message],
            Self::One(_) => {
                return Err(Error::invalid("messages", "expected a list of messages, a message or a text"));
            }
        };
        list.into_iter().enumerate().map(|(index, value)| message(index, value)).collect()
    }
}

fn message(index: usize, value: Value) -> Result<Message> {
    let place = format!("messages[{index}]");
    let Wire { role, content, name } = within(&place, http::read(value))?;
    let content = match content {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(parts) => {
            let texts = parts.into_iter().enumerate();
            let texts = texts.map(|(index, part)| text(&format!("{place}.content[{index}]"), part));
            texts.collect::<Result<Vec<_>>>()?.join("\n")
        }
        _ => return Err(Error::invalid(format!("{place}.content"), "expected a text or a list of parts")),
    };
    Ok(Message { role, content, name })
}

/// Returns the text of one part.
fn text(place: &str, part: Value) -> Result<String> {
    match within(place, http::read(part))? {
        Part { r#type, text: Some(text) } if r#type == "text" => Ok(text),
        Part { r#type, .. } => {
            let kind: String = r#type.chars().take(40).collect();
            Err(Error::invalid(place, format!("{kind:?}: only text can be remembered")))
        }
    }
}

/// Adds the place to the error of what was read there.
fn within<T>(place: &str, read: Result<T>) -> Result<T> {
    read.map_err(|error| error.within(place))
}

/// Distinguishes a field that is null from one that is absent.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Vec<Message>> {
        serde_json::from_value::<Messages>(value).unwrap().read()
    }

    #[test]
    fn all_three_forms_are_read() {
        let message = Message { role: "user".to_owned(), content: "hi".to_owned(), name: None };
        assert_eq!(read(json!("hi")).unwrap(), std::slice::from_ref(&message));
        assert_eq!(read(json!({ "role": "user", "content": "hi" })).unwrap(), std::slice::from_ref(&message));
        let parts = json!([{ "role": "user", "content": [{ "type": "text", "text": "hi" }], "id": 7 }]);
        assert_eq!(read(parts).unwrap(), [message]);
        let call = json!([{ "role": "assistant", "content": null, "tool_calls": [] }]);
        assert_eq!(read(call).unwrap()[0].content, "");
    }

    #[test]
    fn errors_name_the_message() {
        let field = |value| match read(value) {
            Err(Error::Invalid { field, .. }) => field.unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            field(json!([{ "role": "user", "content": "a" }, { "content": "b" }])),
            "messages[1].role"
        );
        assert_eq!(field(json!([["user", "b"]])), "messages[0]");
        assert_eq!(field(json!([{ "role": 1, "content": "b" }])), "messages[0].role");
        let image = json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": {} }] }]);
        assert_eq!(field(image), "messages[0].content[0]");
        assert_eq!(field(json!([{ "role": "user", "content": 7 }])), "messages[0].content");
        assert_eq!(field(json!(7)), "messages");
    }
}
