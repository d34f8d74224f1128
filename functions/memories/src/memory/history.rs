//! `GET /v1/memories/{id}/history/`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::Result;
use shared::access::{AuthContext, Classification};
use shared::http::{Json, Path};
use shared::ids::{MemoryId, UserId, VersionId};
use shared::memory::{Memories, Message, Metadata, Version};

#[derive(Serialize)]
pub(crate) struct VersionView {
    id: VersionId,
    memory_id: MemoryId,
    version: i32,
    input: Vec<Message>,
    old_memory: Option<String>,
    new_memory: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    session_id: Option<String>,
    event: &'static str,
    metadata: Metadata,
    categories: Vec<String>,
    /// The highest classification of the contents shown.
    classification: Classification,
    /// Who made the change; null if it followed of itself from something else.
    editor_id: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

pub(crate) async fn get(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
) -> Result<Json<Vec<VersionView>>> {
    let versions = memories.history(&caller, id).await?;
    Ok(Json(versions.into_iter().map(VersionView::from).collect()))
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            id: version.id,
            memory_id: version.memory,
            version: version.number,
            input: version.input,
            old_memory: version.old,
            new_memory: version.new,
            user_id: version.labels.user,
            agent_id: version.labels.agent,
            app_id: version.labels.app,
            session_id: version.labels.run,
            event: version.change.as_str(),
            metadata: version.metadata,
            categories: version.categories,
            classification: version.classification,
            editor_id: version.editor,
            created_at: version.at,
            updated_at: version.at,
        }
    }
}
