//! Messages as mem0's clients send them: a text, one message, or a list; contents as text or as parts.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::memory::Message;
use shared::{Error, Result};

/// Any of the three forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Messages {
    Text(String),
    One(Value),
}

/// One message. What else chat APIs put into messages (`tool_calls`, ids) is not looked at.
#[derive(Debug, Deserialize)]
struct Wire {
    role: String,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

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
    let field = format!("messages[{index}]");
    let wire: Wire = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { field.clone() } else { format!("{field}.{path}") };
        Error::invalid(place, error.into_inner().to_string())
    })?;
    let content = match wire.content {
        None => String::new(),
        Some(Content::Text(text)) => text,
        Some(Content::Parts(parts)) => {
            let texts = parts.into_iter().map(|part| match (part.r#type.as_str(), part.text) {
                ("text", Some(text)) => Ok(text),
                (kind, _) => {
                    let kind: String = kind.chars().take(40).collect();
                    Err(Error::invalid(
                        format!("{field}.content"),
                        format!("{kind:?}: only text can be remembered"),
                    ))
                }
            });
            texts.collect::<Result<Vec<_>>>()?.join("\n")
        }
    };
    Ok(Message { role: wire.role, content, name: wire.name })
}

/// Tells a field that is null from one that is not there.
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
        assert_eq!(field(json!([{ "role": "user", "content": "a" }, { "content": "b" }])), "messages[1]");
        assert_eq!(field(json!([{ "role": 1, "content": "b" }])), "messages[0].role");
        let image = json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": {} }] }]);
        assert_eq!(field(image), "messages[0].content");
        assert_eq!(field(json!(7)), "messages");
    }
}
