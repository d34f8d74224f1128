//! Memories as they are answered.

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc, Weekday};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::access::{ApiKeyVerb, AuthContext, Classification};
use shared::ids::{MemoryId, UserId};
use shared::memory::{Breakdown, Lifecycle, Memory, Recalled};

/// mem0 wraps the text of a result: `{"memory": "…"}`.
#[derive(Serialize)]
pub(crate) struct Data<T> {
    pub(crate) memory: T,
}

/// A memory as lists, reads and changes answer it.
#[derive(Serialize)]
pub(crate) struct MemoryView {
    id: MemoryId,
    /// The content; `None` if the caller may change the memory but not read it.
    #[serde(flatten)]
    content: Option<Content>,
    structured_attributes: Attributes,
    replaced_by: Option<MemoryId>,
    synthesized: bool,
    lifecycle_state: Lifecycle,
    /// The scope it lives in; `None` if it was shared from one that the caller may not read.
    scope: Option<String>,
    /// The classification, which limits how far the memory may spread.
    classification: Classification,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The part that only those who may read the memory get.
#[derive(Serialize)]
struct Content {
    memory: String,
    /// The account that added it. Unlike `user_id`, which is a label, it comes from the credential.
    author_id: UserId,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    /// mem0's name for `run_id` here.
    session_id: Option<String>,
    metadata: Map<String, Value>,
    categories: Vec<String>,
    expiration_date: Option<NaiveDate>,
    /// When the event it describes happened, if that is known.
    timestamp: Option<DateTime<Utc>>,
}

/// A memory as searches answer it.
#[derive(Serialize)]
pub(crate) struct FoundView {
    id: MemoryId,
    memory: String,
    /// The account that added it.
    author_id: UserId,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    score: f32,
    /// What each signal added to the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    score_breakdown: Option<Breakdown>,
    metadata: Map<String, Value>,
    categories: Vec<String>,
    lifecycle_state: Lifecycle,
    expiration_date: Option<NaiveDate>,
    timestamp: Option<DateTime<Utc>>,
    scope: Option<String>,
    /// The classification, which limits how far the memory may spread.
    classification: Classification,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The parts of the creation time.
#[derive(Serialize)]
struct Attributes {
    year: i32,
    quarter: u32,
    month: u32,
    week_of_year: u32,
    day: u32,
    day_of_year: u32,
    day_of_week: &'static str,
    is_weekend: bool,
    hour: u32,
    minute: u32,
}

impl MemoryView {
    pub(crate) fn new(caller: &AuthContext, memory: Memory) -> Self {
        let content = Content {
            memory: memory.content,
            author_id: memory.author,
            user_id: memory.labels.user,
            agent_id: memory.labels.agent,
            app_id: memory.labels.app,
            session_id: memory.labels.run,
            metadata: memory.metadata,
            categories: memory.categories,
            expiration_date: memory.expires_on,
            timestamp: memory.occurred_at,
        };
        Self {
            id: memory.id,
            content: caller.authorize_verb(ApiKeyVerb::MemoriesRead).is_ok().then_some(content),
            structured_attributes: Attributes::of(memory.created_at),
            replaced_by: memory.replaced_by,
            synthesized: false,
            lifecycle_state: memory.lifecycle,
            scope: caller.scope(memory.home).map(|scope| scope.label()),
            classification: memory.classification,
            version: memory.version,
            created_at: memory.created_at,
            updated_at: memory.updated_at,
        }
    }
}

impl FoundView {
    pub(crate) fn new(caller: &AuthContext, found: Recalled, explain: bool) -> Self {
        let Recalled { memory, score, breakdown, .. } = found;
        Self {
            id: memory.id,
            author_id: memory.author,
            user_id: memory.labels.user,
            agent_id: memory.labels.agent,
            app_id: memory.labels.app,
            run_id: memory.labels.run,
            score,
            score_breakdown: explain.then_some(breakdown),
            metadata: memory.metadata,
            categories: memory.categories,
            lifecycle_state: memory.lifecycle,
            expiration_date: memory.expires_on,
            timestamp: memory.occurred_at,
            scope: caller.scope(memory.home).map(|scope| scope.label()),
            classification: memory.classification,
            created_at: memory.created_at,
            updated_at: memory.updated_at,
            memory: memory.content,
        }
    }
}

impl Attributes {
    fn of(at: DateTime<Utc>) -> Self {
        let weekday = at.weekday();
        Self {
            year: at.year(),
            quarter: at.month0() / 3 + 1,
            month: at.month(),
            week_of_year: at.iso_week().week(),
            day: at.day(),
            day_of_year: at.ordinal(),
            day_of_week: match weekday {
                Weekday::Mon => "monday",
                Weekday::Tue => "tuesday",
                Weekday::Wed => "wednesday",
                Weekday::Thu => "thursday",
                Weekday::Fri => "friday",
                Weekday::Sat => "saturday",
                Weekday::Sun => "sunday",
            },
            is_weekend: matches!(weekday, Weekday::Sat | Weekday::Sun),
            hour: at.hour(),
            minute: at.minute(),
        }
    }
}
