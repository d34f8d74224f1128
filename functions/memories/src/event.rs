//! `GET /v1/events/`, `GET /v1/event/{id}/`: the outcomes of the caller's requests.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use shared::Result;
use shared::access::AuthContext;
use shared::http::{Json, Path, Query, require_measured_room};
use shared::ids::{EventId, MemoryId};
use shared::memory::{Event, EventResult, Memories, Status};

use crate::memory::view::Data;
use crate::page::{Numbered, PageParams};

#[derive(Serialize)]
pub(crate) struct EventView {
    id: EventId,
    event_type: String,
    status: Status,
    payload: Value,
    metadata: Value,
    results: Vec<ResultView>,
    /// How long the work took, in milliseconds.
    latency: Option<f64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct ResultView {
    id: Option<MemoryId>,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The current text; `None` if it was forgotten or is no longer visible, or left out.
    data: Data<Option<String>>,
    /// Whether the text was left out because it does not fit in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    text_omitted: bool,
}

pub(crate) async fn list(
    State(memories): State<Memories>,
    caller: AuthContext,
    Query(params): Query<PageParams>,
) -> Result<Json<Numbered<EventView>>> {
    let page = params.read(100)?;
    let (events, count) = memories.events(&caller, page, 1).await?;
    let events: Vec<EventView> = events.into_iter().map(EventView::from).collect();
    require_measured_room(&events, "events", "page_size", "and for more pages")?;
    Ok(Json(Numbered::new(page, "/v1/events/", &[], count, events)))
}

pub(crate) async fn get(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<EventId>,
) -> Result<Json<EventView>> {
    Ok(Json(memories.event(&caller, id, 1).await?.into()))
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let milliseconds = |(from, to): (DateTime<Utc>, DateTime<Utc>)| {
            (to - from).num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0
        };
        Self {
            id: event.id,
            event_type: event.kind,
            status: event.status,
            payload: event.payload,
            metadata: Value::Object(serde_json::Map::new()),
            results: event.results.into_iter().map(ResultView::from).collect(),
            latency: event.started_at.zip(event.completed_at).map(milliseconds),
            created_at: event.created_at,
            updated_at: event.completed_at.or(event.started_at).unwrap_or(event.created_at),
            started_at: event.started_at,
            completed_at: event.completed_at,
        }
    }
}

impl From<EventResult> for ResultView {
    fn from(result: EventResult) -> Self {
        Self {
            id: result.id,
            event: result.event,
            reason: result.reason,
            data: Data { memory: result.text },
            text_omitted: result.omitted,
        }
    }
}
