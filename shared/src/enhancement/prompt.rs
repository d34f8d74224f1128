//! Prompts: a text, or messages in the format of chat APIs.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::memory::MAX_QUERY;

/// Maximum length in characters of a prompt, or of all texts of its messages together.
pub const MAX_PROMPT: usize = 200_000;
/// Maximum number of messages in a prompt.
pub const MAX_MESSAGES: usize = 1000;

/// The roles that a message may have: OpenAI's names and Anthropic's.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// A prompt that somebody is about to send to a language model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Text(String),
    Chat(Chat),
}

/// A list of messages, with the position of the question.
#[derive(Debug, Clone, PartialEq)]
struct Chat {
    messages: Vec<Map<String, Value>>,
    /// The index of the last user message that has text.
    asks: usize,
    /// The index of that message's first part with text, if it has parts.
    part: Option<usize>,
    question: String,
}

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A single text.
    Prompt,
    /// A list of messages.
    Messages,
}

/// A prompt with memories inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Enhanced {
    /// A single text.
    Prompt(String),
    /// A list of messages; all but the one with the question are unchanged.
    Messages(Vec<Map<String, Value>>),
}

impl Prompt {
    /// Creates a prompt from a text.
    pub fn text(prompt: String) -> Result<Self> {
        check(&prompt, "prompt")?;
        if prompt.trim().is_empty() {
            return Err(Error::invalid("prompt", "must not be empty"));
        }
        Ok(Self(Form::Text(prompt)))
    }

    /// Creates a prompt from messages with `role` and `content`, which is a text or a list of parts. Other fields are
    /// kept.
    pub fn chat(messages: Vec<Value>) -> Result<Self> {
        if messages.len() > MAX_MESSAGES {
            let found = messages.len();
            return Err(Error::invalid("messages", format!("must be at most {MAX_MESSAGES}, found {found}")));
        }
        let messages: Vec<_> =
            messages.into_iter().enumerate().map(|(at, it)| message(at, it)).collect::<Result<_>>()?;
        if messages.iter().flat_map(texts).map(|text| text.chars().count()).sum::<usize>() > MAX_PROMPT {
            return Err(Error::invalid(
                "messages",
                format!("must have at most {MAX_PROMPT} characters in all"),
            ));
        }
        let asks = messages.iter().rposition(|it| {
            it.get("role").is_some_and(|role| role == "user") && texts(it).any(|text| !text.trim().is_empty())
        });
        let Some(asks) = asks else {
            return Err(Error::invalid("messages", "need one of role \"user\" with text: what is asked"));
        };
        let question = texts(&messages[asks]).collect::<Vec<_>>().join("\n");
        check(&question, &format!("messages[{asks}].content"))?;
        let part = parts(&messages[asks]).iter().position(|part| text_of(part).is_some());
        Ok(Self(Form::Chat(Chat { messages, asks, part, question })))
    }

    /// Returns the question: the only text that is searched for.
    #[must_use]
    pub(super) fn question(&self) -> &str {
        match &self.0 {
            Form::Text(text) => text,
            Form::Chat(chat) => &chat.question,
        }
    }

    /// Returns the question as a search query: of a long one the beginning and the end, where the request usually is.
    #[must_use]
    pub(super) fn query(&self) -> String {
        let question = self.question();
        let length = question.chars().count();
        if length <= MAX_QUERY {
            return question.to_owned();
        }
        let half = MAX_QUERY / 2 - 1;
        let start: String = question.chars().take(half).collect();
        let end: String = question.chars().skip(length - half).collect();
        format!("{start}\n{end}")
    }

    /// Inserts a block in front of the question; in the form of the prompt, unless another one is requested.
    #[must_use]
    pub(super) fn with(self, block: &str, format: Option<Format>) -> Enhanced {
        match (self.0, format) {
            (Form::Text(text), None | Some(Format::Prompt)) => Enhanced::Prompt(format!("{block}{text}")),
            (Form::Text(text), Some(Format::Messages)) => {
                let content = json!(format!("{block}{text}"));
                let message = [("role".to_owned(), json!("user")), ("content".to_owned(), content)];
                Enhanced::Messages(vec![message.into_iter().collect()])
            }
            (Form::Chat(chat), None | Some(Format::Messages)) => Enhanced::Messages(chat.with(block)),
            (Form::Chat(chat), Some(Format::Prompt)) => Enhanced::Prompt(format!("{block}{}", chat.question)),
        }
    }
}

impl Chat {
    fn with(mut self, block: &str) -> Vec<Map<String, Value>> {
        if block.is_empty() {
            return self.messages;
        }
        match (self.messages[self.asks].get_mut("content"), self.part) {
            (Some(Value::String(text)), _) => text.insert_str(0, block),
            // Before the first text, not before everything: tool results must come first.
            (Some(Value::Array(parts)), Some(part)) => {
                parts.insert(part, json!({ "type": "text", "text": block.trim_end() }));
            }
            // No other content has text.
            _ => {}
        }
        self.messages
    }
}

fn check(text: &str, field: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    let length = text.chars().count();
    if length > MAX_PROMPT {
        return Err(Error::invalid(
            field,
            format!("must have at most {MAX_PROMPT} characters, found {length}"),
        ));
    }
    Ok(())
}

fn message(at: usize, value: Value) -> Result<Map<String, Value>> {
    let field = |name: &str| format!("messages[{at}]{name}");
    let Value::Object(message) = value else {
        return Err(Error::invalid(field(""), "expected an object with role and content"));
    };
    match message.get("role").and_then(Value::as_str) {
        Some(role) if ROLES.contains(&role) => {}
        _ => return Err(Error::invalid(field(".role"), format!("must be one of {}", ROLES.join(", ")))),
    }
    match message.get("content") {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(Value::Array(parts)) => {
            let wrong = parts.iter().position(|part| part.get("type").is_none_or(|kind| !kind.is_string()));
            if let Some(wrong) = wrong {
                let field = field(&format!(".content[{wrong}]"));
                return Err(Error::invalid(field, "expected an object with type"));
            }
        }
        Some(_) => return Err(Error::invalid(field(".content"), "expected a text or a list of parts")),
    }
    Ok(message)
}

fn parts(message: &Map<String, Value>) -> &[Value] {
    message.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the text of a part: `text` in chat APIs, `input_text` in OpenAI's Responses API.
fn text_of(part: &Value) -> Option<&str> {
    let kind = part.get("type").and_then(Value::as_str)?;
    if matches!(kind, "text" | "input_text") { part.get("text").and_then(Value::as_str) } else { None }
}

fn texts(message: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let text = message.get("content").and_then(Value::as_str);
    text.into_iter().chain(parts(message).iter().filter_map(text_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(messages: Value) -> String {
        let Value::Array(messages) = messages else { panic!("no list") };
        match Prompt::chat(messages) {
            Err(Error::Invalid { field, .. }) => field.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn chat(messages: Value) -> Prompt {
        Prompt::chat(messages.as_array().unwrap().clone()).unwrap()
    }

    fn messages(enhanced: Enhanced) -> Value {
        match enhanced {
            Enhanced::Messages(messages) => json!(messages),
            Enhanced::Prompt(text) => panic!("{text}"),
        }
    }

    #[test]
    fn the_last_message_of_the_users_asks_and_all_others_stay() {
        let history = json!([
            { "role": "system", "content": "be brief" },
            { "role": "user", "content": "hello" },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "c1" }] },
            { "role": "user", "content": "who owns it?", "name": "ada" },
            { "role": "assistant", "content": "let me see" },
        ]);
        let prompt = chat(history.clone());
        assert_eq!(prompt.question(), "who owns it?");
        let mut expected = history;
        expected[3]["content"] = json!("B\n\nwho owns it?");
        assert_eq!(messages(prompt.clone().with("B\n\n", None)), expected);
        assert_eq!(
            prompt.with("B\n\n", Some(Format::Prompt)),
            Enhanced::Prompt("B\n\nwho owns it?".to_owned())
        );
    }

    #[test]
    fn parts_get_one_more_before_the_first_text() {
        let result = json!({ "type": "tool_result", "tool_use_id": "t", "content": "7" });
        let prompt =
            chat(json!([{ "role": "user", "content": [result, { "type": "text", "text": "why?" }] }]));
        assert_eq!(prompt.question(), "why?");
        assert_eq!(
            messages(prompt.with("B\n\n", None))[0]["content"],
            json!([result, { "type": "text", "text": "B" }, { "type": "text", "text": "why?" }])
        );
    }

    #[test]
    fn a_text_can_become_a_message() {
        let prompt = Prompt::text("why?".to_owned()).unwrap();
        assert_eq!(
            messages(prompt.clone().with("", Some(Format::Messages))),
            json!([{ "role": "user", "content": "why?" }])
        );
        assert_eq!(prompt.with("B\n\n", None), Enhanced::Prompt("B\n\nwhy?".to_owned()));
    }

    #[test]
    fn of_a_long_prompt_the_beginning_and_the_end_are_looked_for() {
        let prompt = Prompt::text(format!("START {} who owns it?", "x".repeat(50_000))).unwrap();
        let query = prompt.query();
        assert!(query.starts_with("START") && query.ends_with("who owns it?"));
        assert!(query.chars().count() <= MAX_QUERY);
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(field(json!([])), "messages");
        assert_eq!(field(json!([{ "role": "user", "content": "  " }])), "messages");
        assert_eq!(field(json!([{ "role": "assistant", "content": "hi" }])), "messages");
        assert_eq!(field(json!([7])), "messages[0]");
        assert_eq!(
            field(json!([{ "role": "user", "content": "a" }, { "role": "king" }])),
            "messages[1].role"
        );
        assert_eq!(field(json!([{ "role": "user", "content": 7 }])), "messages[0].content");
        assert_eq!(field(json!([{ "role": "user", "content": ["a"] }])), "messages[0].content[0]");
        assert_eq!(field(json!([{ "role": "user", "content": "a\0" }])), "messages[0].content");
        let long = "x".repeat(MAX_PROMPT + 1);
        assert!(
            matches!(Prompt::text(long), Err(Error::Invalid { field: Some(field), .. }) if field == "prompt")
        );
        assert!(Prompt::text(" \n".to_owned()).is_err());
        assert_eq!(
            field(json!(vec![json!({ "role": "user", "content": "a" }); MAX_MESSAGES + 1])),
            "messages"
        );
    }
}
