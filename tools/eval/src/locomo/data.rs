//! LoCoMo's data format: conversations with sessions, turns and questions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// A conversation of many sessions, and questions about it.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) name: String,
    pub(crate) sessions: Vec<Session>,
    pub(crate) questions: Vec<Question>,
}

/// One session: what was said on one day.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) turns: Vec<Turn>,
}

/// One turn of a speaker.
#[derive(Debug, Deserialize)]
pub(crate) struct Turn {
    pub(crate) speaker: String,
    /// `D<session>:<turn>`.
    pub(crate) dia_id: String,
    pub(crate) text: String,
    /// The caption of an image that was sent with it.
    #[serde(default)]
    pub(crate) blip_caption: Option<String>,
}

/// A question and the turns that answer it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) category: String,
    pub(crate) evidence: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    sample_id: String,
    conversation: BTreeMap<String, Value>,
    qa: Vec<RawQuestion>,
}

#[derive(Deserialize)]
struct RawQuestion {
    question: String,
    category: u8,
    #[serde(default)]
    evidence: Vec<String>,
}

impl Turn {
    /// The text that is remembered.
    pub(crate) fn content(&self) -> String {
        match &self.blip_caption {
            Some(caption) => format!("{}: {} [shares {caption}]", self.speaker, self.text),
            None => format!("{}: {}", self.speaker, self.text),
        }
    }
}

/// Reads every conversation of a file, with the questions that have evidence.
pub(crate) fn read(path: &Path) -> Result<Vec<Conversation>> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let raw: Vec<Raw> = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    raw.into_iter()
        .map(|raw| {
            let name = raw.sample_id.clone();
            conversation(raw).with_context(|| format!("conversation {name}"))
        })
        .collect()
}

fn conversation(raw: Raw) -> Result<Conversation> {
    let mut sessions = Vec::new();
    for number in 1.. {
        let name = format!("session_{number}");
        let Some(at) = raw.conversation.get(&format!("{name}_date_time")) else { break };
        let at = at.as_str().and_then(moment).with_context(|| format!("{name} has no date: {at}"))?;
        // Some sessions have a date and nothing else.
        let Some(turns) = raw.conversation.get(&name) else { continue };
        let turns = Vec::<Turn>::deserialize(turns).with_context(|| name.clone())?;
        sessions.push(Session { name, at, turns });
    }
    let turns: Vec<&str> =
        sessions.iter().flat_map(|session| &session.turns).map(|turn| turn.dia_id.as_str()).collect();
    let question = |raw: RawQuestion| {
        let mut evidence: Vec<String> = raw.evidence.iter().flat_map(|text| turn_ids(text)).collect();
        evidence.sort();
        evidence.dedup();
        evidence.retain(|id| turns.contains(&id.as_str()));
        let category = raw.category.to_string();
        (!evidence.is_empty()).then_some(Question { text: raw.question, category, evidence })
    };
    let questions = raw.qa.into_iter().filter_map(question).collect();
    Ok(Conversation { name: raw.sample_id, sessions, questions })
}

/// Parses a time such as "1:56 pm on 8 May, 2023".
fn moment(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text.trim(), "%I:%M %p on %d %B, %Y").ok().map(|at| at.and_utc())
}

/// Returns the turn ids in a text, whatever their notation: "D8:6; D9:17", "D:11:26", "D30:05".
fn turn_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('D') {
        rest = &rest[at + 1..];
        let after = rest.strip_prefix(':').unwrap_or(rest);
        let (session, after) = digits(after);
        let (turn, after) = after.strip_prefix(':').map_or((None, after), digits);
        if let (Some(session), Some(turn)) = (session, turn) {
            ids.push(format!("D{session}:{turn}"));
            rest = after;
        }
    }
    ids
}

fn digits(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_ids_are_read_however_they_were_written() {
        assert_eq!(turn_ids("D1:3"), ["D1:3"]);
        assert_eq!(turn_ids("D8:6; D9:17"), ["D8:6", "D9:17"]);
        assert_eq!(turn_ids("D:11:26 D30:05"), ["D11:26", "D30:5"]);
        assert!(turn_ids("D").is_empty() && turn_ids("").is_empty());
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        assert_eq!(moment("1:56 pm on 8 May, 2023"), "2023-05-08T13:56:00Z".parse().ok());
        assert_eq!(moment("12:09 am on 13 September, 2023"), "2023-09-13T00:09:00Z".parse().ok());
        assert_eq!(moment("some day"), None);
    }
}
