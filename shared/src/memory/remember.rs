//! Remembering: messages in, one outcome for every statement in them.
//!
//! Verbatim, each message becomes a memory. Otherwise the deterministic extractor picks the statements worth keeping;
//! a language model takes its place where one is configured. Nothing is stored twice: what an existing memory of the
//! same scope and labels says already is skipped, and the outcome names that memory.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::access::{AuthContext, ScopeName};
use crate::error::{Error, Result};
use crate::idempotency::{IdempotencyKey, Once};
use crate::ids::{EventId, MemoryId};
use crate::memory::{Labels, Memories, Metadata};

/// What to remember, and how.
#[derive(Debug, Clone, Default)]
pub struct Remember {
    /// What was said, in order.
    pub messages: Vec<Message>,
    /// Where the memories live.
    pub scope: ScopeName,
    /// The names they can be filtered by.
    pub labels: Labels,
    /// The caller's own JSON, for each of them.
    pub metadata: Metadata,
    /// What they are about.
    pub categories: Vec<String>,
    /// Whether to extract statements; otherwise messages are stored as they are.
    pub infer: bool,
    /// When what is told happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day, in UTC, on which they are returned.
    pub expires_on: Option<NaiveDate>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `user`, `assistant`, `system`, …
    pub role: String,
    /// What was said.
    pub content: String,
    /// Who said it, where several people share a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The event under which it can be looked up.
    pub event: EventId,
    /// What chose the statements.
    pub extractor: Extractor,
    /// One for each statement, in the order of the messages.
    pub outcomes: Vec<Outcome>,
}

/// What chose the statements to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extractor {
    /// Nothing: every message was taken as it was.
    Verbatim,
    /// Rules, because no language model is configured.
    Deterministic,
}

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is a new memory.
    Added {
        /// Which.
        id: MemoryId,
        /// Its text.
        text: String,
    },
    /// It was left out.
    Skipped {
        /// The statement, or its beginning.
        text: String,
        /// Why, as a phrase.
        reason: String,
        /// The memory that says it already.
        existing: Option<MemoryId>,
    },
}

impl Memories {
    /// Remembers what is worth remembering, in one transaction; with a key, only once.
    pub async fn remember(
        &self,
        caller: &AuthContext,
        request: Remember,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Remembered>> {
        let _ = (caller, request, key);
        Err(Error::Unavailable("remembering is not written yet".to_owned()))
    }
}
