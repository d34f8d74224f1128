//! `POST /v3/memories/import/`: many memories in one request, one JSON object per line (NDJSON).
//!
//! Not part of mem0's API. Lines are stored verbatim, each in its own scope; the answer reports the outcome of each by
//! its number. A request is limited by the installation's body limit and [`shared::memory::MAX_LINES`]; larger files
//! are sent in parts. Sending a request again stores nothing twice.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::{AuthContext, Classification};
use shared::http::{Json, Lines};
use shared::idempotency::Once;
use shared::ids::{EventId, MemoryId};
use shared::memory::{ImportLine, Imported, Labels, LineOutcome, Memories, Metadata};

use crate::scope;
use crate::timestamp::{Timestamp, expiration};

/// One line: the fields that `add` takes for one message, and those that reads answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    memory: String,
    scope: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    metadata: Option<Metadata>,
    categories: Option<Vec<String>>,
    timestamp: Option<Timestamp>,
    expiration_date: Option<String>,
    classification: Option<Classification>,
}

#[derive(Serialize)]
pub(crate) struct Answer {
    event_id: EventId,
    added: usize,
    skipped: usize,
    refused: usize,
    results: Vec<LineView>,
}

/// The outcome of one line.
#[derive(Serialize)]
struct LineView {
    /// Counts from 1, including empty lines.
    line: usize,
    /// `ADD`, `SKIP` or `REFUSE`.
    event: &'static str,
    /// The new memory, or an existing one that says the same.
    id: Option<MemoryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Lines { key, numbers, lines }: Lines<Line>,
) -> Result<Once<Json<Answer>>> {
    let lines = lines.into_iter().map(|line| line.and_then(Line::read)).collect();
    let imported = memories.import(&caller, lines, key.as_ref()).await?;
    Ok(imported.map(|imported| Json(Answer::new(imported, &numbers))))
}

impl Line {
    fn read(self) -> Result<ImportLine> {
        Ok(ImportLine {
            content: self.memory,
            scope: scope::one(self.scope.as_deref())?,
            labels: Labels { user: self.user_id, agent: self.agent_id, app: self.app_id, run: self.run_id },
            metadata: self.metadata.unwrap_or_default(),
            categories: self.categories.unwrap_or_default(),
            occurred_at: self.timestamp.map(|at| at.read("timestamp")).transpose()?,
            expires_on: self.expiration_date.as_deref().map(expiration).transpose()?,
            classification: self.classification,
        })
    }
}

impl Answer {
    fn new(imported: Imported, numbers: &[usize]) -> Self {
        let outcomes = imported.outcomes.into_iter().zip(numbers);
        let results: Vec<LineView> =
            outcomes.map(|(outcome, number)| LineView::new(outcome, *number)).collect();
        let count = |event| results.iter().filter(|line| line.event == event).count();
        Self {
            event_id: imported.event,
            added: count("ADD"),
            skipped: count("SKIP"),
            refused: count("REFUSE"),
            results,
        }
    }
}

impl LineView {
    fn new(outcome: LineOutcome, line: usize) -> Self {
        match outcome {
            LineOutcome::Added(id) => Self { line, event: "ADD", id: Some(id), field: None, reason: None },
            LineOutcome::Skipped { reason, existing } => {
                Self { line, event: "SKIP", id: existing, field: None, reason: Some(reason) }
            }
            LineOutcome::Refused { field, reason } => {
                Self { line, event: "REFUSE", id: None, field, reason: Some(reason) }
            }
        }
    }
}
