//! `GET /v1/memories/{id}/history/`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::{AuthContext, Classification};
use shared::http::{Json, Path, Query, require_measured_room};
use shared::ids::{MemoryId, UserId, VersionId};
use shared::memory::{Memories, Message, Metadata, Version};
use shared::page;

/// `?after=&limit=`: so many versions after the one with this number, of a history that does not fit into one answer.
/// Without them, all; an array has no place for the cursor of our own lists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    after: Option<i32>,
    limit: Option<i64>,
    /// Older mem0 clients name the organization and project of their key; the key says so anyway.
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

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
    Query(params): Query<Params>,
) -> Result<Json<Vec<VersionView>>> {
    let limit = params.limit.map(|limit| page::limit(Some(limit))).transpose()?;
    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
    let versions = memories.history(&caller, id, params.after.unwrap_or_default(), limit).await?;
    let versions: Vec<VersionView> = versions.into_iter().map(VersionView::from).collect();
    let otherwise = "and continue with `after`, the number of the last version";
    require_measured_room(&versions, "versions", "limit", otherwise)?;
    Ok(Json(versions))
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
