//! Events: work whose request and outcome a caller can look up afterwards.
//!
//! Events hold no memory text: it is read from the memories as they are now, so what was forgotten disappears from here
//! too. A credential that is narrowed, or has a ceiling, sees only events about memories within its reach.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{ApiKeyVerb, AuthContext};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::http::texts;
use crate::ids::{EventId, MemoryId};
use crate::memory::{Memories, Outcome, store};
use crate::page::Page;

/// A unit of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The kind of work: `ADD`, `DELETE_ALL`, …
    pub kind: String,
    /// Its progress.
    pub status: Status,
    /// What was requested, without text.
    pub payload: Value,
    /// The outcome of each part.
    pub results: Vec<EventResult>,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
    /// When work began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it finished.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Event {
    /// Leaves out the texts that do not fit into an answer. The outcomes stay, because clients look here for those, and
    /// each text can be had from its memory.
    fn fit(&mut self, copies: usize) {
        let shown = self.results.iter().filter_map(|it| it.text.as_deref());
        let mut room = texts(self.results.len(), copies, shown);
        for result in self.results.iter_mut().filter(|result| result.text.is_some()) {
            match room.checked_sub(1) {
                Some(rest) => room = rest,
                None => (result.text, result.omitted) = (None, true),
            }
        }
    }

    /// Returns the memories whose text this event shows.
    fn shown(&self) -> impl Iterator<Item = MemoryId> {
        self.results.iter().filter(|result| result.text.is_some()).filter_map(|result| result.id)
    }
}

/// The progress of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Not yet started.
    Pending,
    /// In progress.
    Running,
    /// Abandoned.
    Failed,
    /// Finished.
    Succeeded,
}

/// The outcome of one part of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResult {
    /// The memory that was created, or the existing one.
    pub id: Option<MemoryId>,
    /// `ADD`, `SKIP` or, for a line of an import, `REFUSE`.
    pub event: String,
    /// The reason, where it is not obvious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The memory's text as it is now, if it can still be seen.
    #[serde(skip)]
    pub text: Option<String>,
    /// Whether the text was left out because the texts of the event do not fit into an answer.
    #[serde(skip)]
    pub omitted: bool,
}

impl EventResult {
    /// Records the outcome of a statement, without its text.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let (id, event, reason) = match outcome {
            Outcome::Added { id, .. } => (Some(*id), "ADD", None),
            Outcome::Skipped { reason, existing, .. } => (*existing, "SKIP", Some(reason.clone())),
        };
        Self { id, event: event.to_owned(), reason, text: None, omitted: false }
    }
}

impl Memories {
    /// Lists the caller's own events, newest first, with their total number. Each has the texts that fit into an answer
    /// which carries them so many times.
    pub async fn events(&self, caller: &AuthContext, page: Page, copies: usize) -> Result<(Vec<Event>, u64)> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        let tx = caller.begin(&self.gate.db, "memory.events").await?;
        let mut events = store::events::list(&tx, page).await?;
        events.0.iter_mut().for_each(|event| event.fit(copies));
        let shown = Entry::of("event.list").memories(events.0.iter().flat_map(Event::shown));
        audit::commit_read(tx, shown).await?;
        Ok(events)
    }

    /// Returns one of the caller's own events, with the texts that fit into an answer which carries them so many times.
    pub async fn event(&self, caller: &AuthContext, id: EventId, copies: usize) -> Result<Event> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        let tx = caller.begin(&self.gate.db, "memory.event").await?;
        let event = store::events::lookup(&tx, id).await?;
        let mut event = event.ok_or(Error::NotFound { what: "event" })?;
        event.fit(copies);
        audit::commit_read(tx, Entry::new("event.read", id).memories(event.shown())).await?;
        Ok(event)
    }
}
