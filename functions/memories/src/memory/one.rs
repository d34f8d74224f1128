//! `GET`, `PUT`, `DELETE /v1/memories/{id}/`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::Result;
use shared::access::{AuthContext, Classification};
use shared::http::{Json, Path, Query};
use shared::ids::MemoryId;
use shared::memory::{Memories, Metadata, Revision};

use super::message::present;
use super::view::MemoryView;
use crate::timestamp::{Timestamp, expiration};

/// The changes; absent fields stay the same. `timestamp: null` and `expiration_date: null` remove those.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename = "with nulls")]
pub(crate) struct Change {
    /// Only in batches, where no path names the memory.
    pub(super) memory_id: Option<MemoryId>,
    text: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "present")]
    timestamp: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "present")]
    expiration_date: Option<Option<String>>,
    /// Not part of mem0's API.
    categories: Option<Vec<String>>,
    /// Not part of mem0's API.
    classification: Option<Classification>,
    #[serde(rename = "org_id")]
    _org_id: Option<Value>,
    #[serde(rename = "project_id")]
    _project_id: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteParams {
    #[serde(default)]
    delete_linked: bool,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Deleted {
    message: &'static str,
    /// Memories that were deleted with it; only if the request asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    cascade_count: Option<u64>,
}

pub(crate) async fn get(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
) -> Result<Json<MemoryView>> {
    let memory = memories.read(&caller, id).await?;
    Ok(Json(MemoryView::new(&caller, memory)))
}

pub(crate) async fn put(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Json(change): Json<Change>,
) -> Result<Json<MemoryView>> {
    let memory = memories.revise(&caller, id, change.read()?).await?;
    Ok(Json(MemoryView::new(&caller, memory)))
}

pub(crate) async fn delete(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Query(params): Query<DeleteParams>,
) -> Result<Json<Deleted>> {
    let linked = memories.forget(&caller, id, params.delete_linked).await?;
    let cascade_count = params.delete_linked.then_some(linked);
    Ok(Json(Deleted { message: "Memory deleted successfully!", cascade_count }))
}

impl Change {
    pub(super) fn read(self) -> Result<Revision> {
        Ok(Revision {
            text: self.text,
            metadata: self.metadata,
            categories: self.categories,
            classification: self.classification,
            occurred_at: self
                .timestamp
                .map(|at| at.map(|at| at.read("timestamp")).transpose())
                .transpose()?,
            expires_on: self
                .expiration_date
                .map(|day| day.as_deref().map(expiration).transpose())
                .transpose()?,
        })
    }
}
