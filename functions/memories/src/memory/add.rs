//! `POST /v3/memories/add/`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::access::{AuthContext, Classification};
use shared::http::{Idempotent, Json};
use shared::idempotency::Once;
use shared::ids::{EventId, MemoryId};
use shared::memory::{Extractor, Labels, Memories, Metadata, Outcome, Remember, Remembered};
use shared::{Error, Result};

use super::message::Messages;
use super::view::Data;
use crate::scope;
use crate::timestamp::{Timestamp, expiration};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    messages: Messages,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    /// mem0's typed options carry the four labels here: `{"user_id": "alice"}`.
    filters: Option<Labelled>,
    metadata: Option<Metadata>,
    infer: Option<bool>,
    timestamp: Option<Timestamp>,
    observation_datetime: Option<String>,
    observation_date: Option<String>,
    expiration_date: Option<String>,
    /// Not part of mem0's API.
    categories: Option<Vec<String>>,
    /// Not part of mem0's API.
    classification: Option<Classification>,
    /// Not part of mem0's API.
    scope: Option<String>,
    /// Not part of mem0's API: memories of the same scope that this one supersedes.
    #[serde(default)]
    supersedes: Vec<MemoryId>,
    #[serde(default)]
    immutable: bool,
    // Guidance for a language model. There is none, so the answer lists these fields as ignored.
    custom_instructions: Option<Value>,
    agent_custom_instructions: Option<Value>,
    custom_categories: Option<Value>,
    includes: Option<Value>,
    excludes: Option<Value>,
    structured_data_schema: Option<Value>,
    prompt_profile_id: Option<Value>,
    // These do not influence the result.
    #[serde(rename = "enable_graph")]
    _enable_graph: Option<Value>,
    #[serde(rename = "output_format")]
    _output_format: Option<Value>,
    #[serde(rename = "temporal_reasoning")]
    _temporal_reasoning: Option<Value>,
    #[serde(rename = "timezone")]
    _timezone: Option<Value>,
    #[serde(rename = "async_mode")]
    _async_mode: Option<Value>,
    #[serde(rename = "version")]
    _version: Option<Value>,
    #[serde(rename = "org_id")]
    _org_id: Option<Value>,
    #[serde(rename = "project_id")]
    _project_id: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Added {
    message: &'static str,
    status: &'static str,
    event_id: EventId,
    /// The extractor that chose the statements: `verbatim` or `deterministic`.
    extractor: Extractor,
    results: Vec<OutcomeView>,
    /// Fields of the request that had no effect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<&'static str>,
}

/// The outcome of one statement.
#[derive(Serialize)]
struct OutcomeView {
    /// The new memory, or an existing one that says the same.
    id: Option<MemoryId>,
    data: Data<String>,
    /// `ADD` or `SKIP`.
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Idempotent { key, body }: Idempotent<Add>,
) -> Result<Once<Json<Added>>> {
    let ignored = body.ignored();
    let remembered = memories.remember(&caller, body.read()?, key.as_ref()).await?;
    Ok(remembered.map(|remembered| Json(Added::new(remembered, ignored))))
}

impl Add {
    fn read(self) -> Result<Remember> {
        if self.immutable {
            return Err(Error::invalid("immutable", "memories that cannot be changed are not supported"));
        }
        let occurred_at = match (&self.timestamp, self.observation_datetime, self.observation_date) {
            (Some(timestamp), _, _) => Some(timestamp.read("timestamp")?),
            (None, Some(text), _) => Some(Timestamp::Text(text).read("observation_datetime")?),
            (None, None, Some(text)) => Some(Timestamp::Text(text).read("observation_date")?),
            (None, None, None) => None,
        };
        let filters = self.filters.unwrap_or_default();
        Ok(Remember {
            stated: None,
            messages: self.messages.read()?,
            scope: scope::one(self.scope.as_deref())?,
            labels: Labels {
                user: one_name("user_id", self.user_id, filters.user_id)?,
                agent: one_name("agent_id", self.agent_id, filters.agent_id)?,
                app: one_name("app_id", self.app_id, filters.app_id)?,
                run: one_name("run_id", self.run_id, filters.run_id)?,
            },
            metadata: self.metadata.unwrap_or_default(),
            categories: self.categories.unwrap_or_default(),
            classification: self.classification,
            infer: self.infer.unwrap_or(true),
            occurred_at,
            expires_on: self.expiration_date.as_deref().map(expiration).transpose()?,
            supersedes: self.supersedes,
        })
    }

    /// Returns the fields that were given but have no effect.
    fn ignored(&self) -> Vec<&'static str> {
        [
            ("custom_instructions", &self.custom_instructions),
            ("agent_custom_instructions", &self.agent_custom_instructions),
            ("custom_categories", &self.custom_categories),
            ("includes", &self.includes),
            ("excludes", &self.excludes),
            ("structured_data_schema", &self.structured_data_schema),
            ("prompt_profile_id", &self.prompt_profile_id),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|_| name))
        .collect()
    }
}

/// Returns the name of a label; if it is given in both places, the two must be equal.
fn one_name(field: &str, name: Option<String>, in_filters: Option<String>) -> Result<Option<String>> {
    match (name, in_filters) {
        (Some(a), Some(b)) if a != b => Err(Error::invalid(field, "differs from the one in filters")),
        (name, in_filters) => Ok(name.or(in_filters)),
    }
}

impl Added {
    fn new(remembered: Remembered, ignored: Vec<&'static str>) -> Self {
        Self {
            message: match remembered.extractor {
                Extractor::Verbatim => "Messages stored as they are",
                Extractor::Deterministic => {
                    "Statements picked by rules, because no language model is configured"
                }
            },
            status: "SUCCEEDED",
            event_id: remembered.event,
            extractor: remembered.extractor,
            results: remembered.outcomes.into_iter().map(OutcomeView::from).collect(),
            ignored,
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Added { id, text } => {
                Self { id: Some(id), data: Data { memory: text }, event: "ADD", reason: None }
            }
            Outcome::Skipped { text, reason, existing } => {
                Self { id: existing, data: Data { memory: text }, event: "SKIP", reason: Some(reason) }
            }
        }
    }
}
