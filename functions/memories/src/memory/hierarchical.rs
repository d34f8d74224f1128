//! `POST /v1/memories/hierarchical/`: returns everything that the caller sees, level by level, with the reason.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::access::AuthContext;
use shared::http::Json;
use shared::memory::filter::Filter;
use shared::memory::{DEFAULT_THRESHOLD, Degraded, Memories, Scopes};
use shared::sharing::hierarchy::{self, DEFAULT_PER_LEVEL, Hierarchical, Level, Seen};
use shared::{Error, Result};

use super::view::MemoryView;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    query: Option<String>,
    filters: Option<Value>,
    per_level: Option<i64>,
    threshold: Option<f32>,
    #[serde(default)]
    latest_only: bool,
}

#[derive(Serialize)]
pub(crate) struct Answer {
    levels: Vec<LevelView>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct LevelView {
    level: Level,
    results: Vec<SeenView>,
}

#[derive(Serialize)]
struct SeenView {
    #[serde(flatten)]
    memory: MemoryView,
    /// Only with a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    /// Why the caller sees it: `via team Alpha`, `shared with you by Ann until 1 May 2027`.
    reason: String,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(request): Json<Request>,
) -> Result<Json<Answer>> {
    let request = request.read()?;
    let caller = memories.reaching(caller, &Scopes::All, Some(&request.filter)).await?;
    let found = hierarchy::hierarchy(&memories, &caller, request).await?;
    let view = |seen: Seen| SeenView {
        memory: MemoryView::new(&caller, seen.memory),
        score: seen.score,
        reason: seen.reason,
    };
    let levels = found
        .levels
        .into_iter()
        .map(|(level, results)| LevelView { level, results: results.into_iter().map(view).collect() });
    Ok(Json(Answer {
        levels: levels.collect(),
        degraded: found.degraded.is_some(),
        degraded_reason: found.degraded.map(Degraded::as_str),
    }))
}

impl Request {
    fn read(self) -> Result<Hierarchical> {
        let per_level = self.per_level.unwrap_or(i64::from(DEFAULT_PER_LEVEL));
        let filter = self.filters.as_ref().map_or_else(|| Ok(Filter::everything()), Filter::parse);
        Ok(Hierarchical {
            query: self.query,
            filter: filter?,
            per_level: u32::try_from(per_level).map_err(|_| {
                Error::invalid("per_level", format!("must be from 1 to 100, found {per_level}"))
            })?,
            threshold: self.threshold.unwrap_or(DEFAULT_THRESHOLD),
            latest_only: self.latest_only,
        })
    }
}
