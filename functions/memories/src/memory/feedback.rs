//! `POST /v1/feedback/`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::AuthContext;
use shared::http::Json;
use shared::ids::{FeedbackId, MemoryId};
use shared::memory::{Memories, Opinion};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feedback {
    memory_id: MemoryId,
    /// `None` withdraws an earlier opinion.
    feedback: Option<Opinion>,
    feedback_reason: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Given {
    id: Option<FeedbackId>,
    feedback: Option<Opinion>,
    feedback_reason: Option<String>,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(given): Json<Feedback>,
) -> Result<Json<Given>> {
    let Feedback { memory_id, feedback, feedback_reason } = given;
    let id = memories.judge(&caller, memory_id, feedback, feedback_reason.as_deref()).await?;
    Ok(Json(Given { id, feedback, feedback_reason }))
}
