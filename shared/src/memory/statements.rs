//! From messages to statements: what a request asks to remember, before it is compared with stored memories.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::memory::duplicate::{Fingerprint, Wording};
use crate::memory::{Message, extraction, validate};

/// Maximum number of messages per request.
const MAX_MESSAGES: usize = 1000;
/// Maximum length, in characters, of the excerpt of a skipped statement in its outcome.
const EXCERPT: usize = 120;

/// A statement, judged by the messages alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// It may be remembered.
    Candidate {
        text: String,
        wording: Wording,
        /// Index of the message it comes from.
        message: usize,
    },
    /// It is skipped.
    Skipped { text: String, reason: &'static str },
}

/// Returns the statements of a request: what it states is taken verbatim and first, then come the messages. With a
/// stated text, `message` counts from it: it is 0, and the first message 1.
pub(super) fn of(stated: Option<&str>, messages: &[Message], infer: bool) -> Result<Vec<Statement>> {
    let said = || if infer { extracted(messages) } else { verbatim(messages) };
    let Some(text) = stated else { return said() };
    let first = if text.trim().is_empty() {
        Statement::Skipped { text: excerpt(text), reason: "the text is empty" }
    } else {
        validate::text("text", text)?;
        Statement::Candidate { text: text.to_owned(), wording: Wording::of(text), message: 0 }
    };
    let mut all = vec![first];
    if !messages.is_empty() {
        all.extend(said()?.into_iter().map(Statement::after_a_stated_text));
    }
    Ok(all)
}

impl Statement {
    fn after_a_stated_text(self) -> Self {
        match self {
            Self::Candidate { text, wording, message } => {
                Self::Candidate { text, wording, message: message + 1 }
            }
            skipped @ Self::Skipped { .. } => skipped,
        }
    }
}

/// Takes every message verbatim, including all whitespace, except for system messages, empty messages and repetitions,
/// which are never remembered.
fn verbatim(messages: &[Message]) -> Result<Vec<Statement>> {
    check(messages)?;
    let mut seen = HashSet::new();
    let mut statements = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let text = &message.content;
        let reason = if message.role.eq_ignore_ascii_case("system") {
            "system messages are not remembered"
        } else if text.trim().is_empty() {
            "the message is empty"
        } else if !seen.insert((Fingerprint::of(text), &message.name)) {
            "said before in the same request"
        } else {
            validate::text(&format!("messages[{index}].content"), text)?;
            let wording = Wording::of(text);
            statements.push(Statement::Candidate { text: text.clone(), wording, message: index });
            continue;
        };
        statements.push(Statement::Skipped { text: excerpt(text), reason });
    }
    Ok(statements)
}

/// Returns what the deterministic extractor finds worth remembering.
fn extracted(messages: &[Message]) -> Result<Vec<Statement>> {
    check(messages)?;
    let conversation: Vec<extraction::Message<'_>> = messages
        .iter()
        .map(|message| extraction::Message {
            role: &message.role,
            content: &message.content,
            name: message.name.as_deref(),
        })
        .collect();
    let mut statements = Vec::new();
    for (message, extracted) in extraction::extract(&conversation).into_iter().enumerate() {
        statements.extend(extracted.facts.into_iter().map(|fact| Statement::Candidate {
            wording: Wording::of(&fact.text),
            text: fact.text,
            message,
        }));
        statements.extend(
            extracted
                .skipped
                .into_iter()
                .map(|skipped| Statement::Skipped { text: skipped.text, reason: skipped.reason.as_str() }),
        );
    }
    Ok(statements)
}

fn check(messages: &[Message]) -> Result<()> {
    if messages.is_empty() {
        return Err(Error::invalid("messages", "must have at least one message"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(Error::invalid("messages", format!("more than {MAX_MESSAGES} messages")));
    }
    for (index, message) in messages.iter().enumerate() {
        validate::name(&format!("messages[{index}].role"), &message.role)?;
        if let Some(name) = &message.name {
            validate::name(&format!("messages[{index}].name"), name)?;
        }
        if message.content.contains('\0') {
            let field = format!("messages[{index}].content");
            return Err(Error::invalid(field, "must not contain a NUL character"));
        }
    }
    Ok(())
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, content: &str) -> Message {
        Message { role: role.to_owned(), content: content.to_owned(), name: None }
    }

    fn reasons(statements: &[Statement]) -> Vec<Option<&'static str>> {
        let reason = |statement: &Statement| match statement {
            Statement::Candidate { .. } => None,
            Statement::Skipped { reason, .. } => Some(*reason),
        };
        statements.iter().map(reason).collect()
    }

    #[test]
    fn every_verbatim_message_has_one_outcome() {
        let messages = [
            message("user", " I like tea. "),
            message("system", "Be brief"),
            message("assistant", "Noted"),
            message("user", "i LIKE tea"),
            message("user", " \n"),
        ];
        let statements = verbatim(&messages).unwrap();
        assert!(
            matches!(&statements[0], Statement::Candidate { text, message: 0, .. } if text == " I like tea. ")
        );
        assert_eq!(
            reasons(&statements),
            [
                None,
                Some("system messages are not remembered"),
                None,
                Some("said before in the same request"),
                Some("the message is empty"),
            ]
        );
    }

    #[test]
    fn extraction_says_of_which_message_a_fact_is() {
        let messages = [message("user", "Thanks!"), message("user", "I moved to Lisbon in March.")];
        let statements = extracted(&messages).unwrap();
        assert!(reasons(&statements)[0].is_some());
        assert!(matches!(&statements[1], Statement::Candidate { message: 1, .. }), "{statements:?}");
    }

    #[test]
    fn what_is_stated_comes_first_and_as_it_is() {
        let messages = [message("user", "Thanks!"), message("user", "I moved to Lisbon in March.")];
        let statements = of(Some("thanks, Lisbon"), &messages, true).unwrap();
        let text = |text: &str, index: usize| {
            statements.iter().any(|statement| {
                matches!(statement, Statement::Candidate { text: own, message, .. } if own.contains(text) && *message == index)
            })
        };
        assert!(text("thanks, Lisbon", 0) && text("Lisbon in March", 2), "{statements:?}");
        assert_eq!(of(Some("Tea"), &[], true).unwrap().len(), 1);
        assert_eq!(reasons(&of(Some(" "), &[], false).unwrap()), [Some("the text is empty")]);
        let long = of(Some(&"x".repeat(30_001)), &[], false).unwrap_err().to_string();
        assert!(!long.contains("messages"), "{long}");
    }

    #[test]
    fn there_are_one_to_a_thousand_messages() {
        assert!(verbatim(&[]).is_err());
        assert!(verbatim(&vec![message("user", "a"); MAX_MESSAGES + 1]).is_err());
        assert!(extracted(&[]).is_err());
        assert!(verbatim(&[message("", "a")]).is_err());
        assert!(verbatim(&[message("user", "a\0b")]).is_err());
    }
}
