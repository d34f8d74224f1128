//! `PUT` and `DELETE /v1/batch/`: changes up to 1,000 memories, all or none.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::access::AuthContext;
use shared::http::Json;
use shared::ids::MemoryId;
use shared::memory::{Memories, Revision};
use shared::{Error, Result};

use super::one::Change;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch<T> {
    memories: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delete {
    memory_id: MemoryId,
}

#[derive(Serialize)]
pub(crate) struct Done {
    message: String,
}

pub(crate) async fn put(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(batch): Json<Batch<Change>>,
) -> Result<Json<Done>> {
    let revisions = batch.memories.into_iter().enumerate().map(read).collect::<Result<Vec<_>>>()?;
    let count = memories.revise_all(&caller, revisions).await?.len();
    Ok(Json(Done { message: format!("Successfully updated {count} memories") }))
}

pub(crate) async fn delete(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(batch): Json<Batch<Delete>>,
) -> Result<Json<Done>> {
    let ids = batch.memories.into_iter().map(|delete| delete.memory_id).collect();
    let count = memories.forget_all(&caller, ids).await?;
    Ok(Json(Done { message: format!("Successfully deleted {count} memories") }))
}

fn read((index, change): (usize, Change)) -> Result<(MemoryId, Revision)> {
    let place = format!("memories[{index}]");
    let id = change.memory_id.ok_or_else(|| Error::invalid(format!("{place}.memory_id"), "is missing"))?;
    Ok((id, change.read().map_err(|error| error.within(&place))?))
}
