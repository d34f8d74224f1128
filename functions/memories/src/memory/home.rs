//! `PUT /v1/memories/{id}/scope/`: moves a memory to another scope.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use shared::access::AuthContext;
use shared::http::{Idempotent, Json, Path};
use shared::ids::MemoryId;
use shared::memory::Memories;
use shared::sharing::relocate::relocate;
use shared::{Error, Result};

use super::view::MemoryView;

/// The new scope of a memory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Home {
    /// A scope as in requests to add: `personal`, `team:org_…`.
    scope: String,
}

pub(crate) async fn put(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Idempotent { key, body }: Idempotent<Home>,
) -> Result<impl IntoResponse> {
    let scope = body.scope.parse().map_err(|message: String| Error::invalid("scope", message))?;
    let moved = relocate(&memories, &caller, id, scope, key.as_ref()).await?;
    Ok(moved.map(|memory| Json(MemoryView::new(&caller, memory))))
}
