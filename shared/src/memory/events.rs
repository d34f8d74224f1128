//! Work that a caller can look up afterwards: what was asked, and what became of it.
//!
//! Events hold no memory text: the answer takes it from the memories as they are now, so what was forgotten is gone
//! from here as well. A credential that is narrowed, or has a ceiling, shows those that are about what it reaches.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{ApiKeyVerb, AuthContext};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::{EventId, MemoryId};
use crate::memory::{Memories, Outcome, store};
use crate::page::Page;

/// A piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which.
    pub id: EventId,
    /// What kind of work: `ADD`, `DELETE_ALL`, …
    pub kind: String,
    /// How far it is.
    pub status: Status,
    /// What was asked for, without text.
    pub payload: Value,
    /// What became of each part.
    pub results: Vec<EventResult>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When work on it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Event {
    /// The memories whose text it shows.
    fn shown(&self) -> impl Iterator<Item = MemoryId> {
        self.results.iter().filter(|result| result.text.is_some()).filter_map(|result| result.id)
    }
}

/// How far a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Waiting.
    Pending,
    /// Being done.
    Running,
    /// Given up.
    Failed,
    /// Done.
    Succeeded,
}

/// What became of one part of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResult {
    /// The memory it led to, or the one that was there already.
    pub id: Option<MemoryId>,
    /// `ADD`, `SKIP`.
    pub event: String,
    /// Why, where that is not obvious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The memory's text as it is now, if it can still be seen.
    #[serde(skip)]
    pub text: Option<String>,
}

impl EventResult {
    /// What became of a statement, without its text.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let (id, event, reason) = match outcome {
            Outcome::Added { id, .. } => (Some(*id), "ADD", None),
            Outcome::Skipped { reason, existing, .. } => (*existing, "SKIP", Some(reason.clone())),
        };
        Self { id, event: event.to_owned(), reason, text: None }
    }
}

impl Memories {
    /// The caller's own events, newest first, and how many there are.
    pub async fn events(&self, caller: &AuthContext, page: Page) -> Result<(Vec<Event>, u64)> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        let tx = caller.begin(&self.gate.db, "memory.events").await?;
        let events = store::events::list(&tx, page).await?;
        let shown = Entry::of("event.list").memories(events.0.iter().flat_map(Event::shown));
        audit::commit_read(tx, shown).await?;
        Ok(events)
    }

    /// One of the caller's own events.
    pub async fn event(&self, caller: &AuthContext, id: EventId) -> Result<Event> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        let tx = caller.begin(&self.gate.db, "memory.event").await?;
        let event = store::events::lookup(&tx, id).await?;
        let event = event.ok_or(Error::NotFound { what: "event" })?;
        audit::commit_read(tx, Entry::new("event.read", id).memories(event.shown())).await?;
        Ok(event)
    }
}
