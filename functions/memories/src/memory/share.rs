//! `/v1/memories/{id}/shares/`: shares of a memory, and their revocation.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Idempotent, Json, Path, Query};
use shared::ids::{MemoryId, ShareId};
use shared::page::{self, List};
use shared::sharing::{Listing, Share, ShareRequest, Shared, Subject, share};

/// `?cursor=&limit=&ended=`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    cursor: Option<String>,
    limit: Option<i64>,
    /// Also lists shares that have ended.
    #[serde(default)]
    ended: bool,
}

impl Params {
    pub(crate) fn read(&self) -> Result<(Listing, Option<&str>, u32)> {
        Ok((Listing { ended: self.ended }, self.cursor.as_deref(), page::limit(self.limit)?))
    }
}

/// A share of a memory.
#[derive(Debug, Deserialize)]
pub(crate) struct ShareAt {
    id: MemoryId,
    share_id: ShareId,
}

#[derive(Serialize)]
pub(crate) struct Revoked {
    /// How many shares ended: this one, and those that were reshared from it.
    pub(crate) ended: u64,
}

pub(crate) async fn post(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Idempotent { key, body }: Idempotent<ShareRequest>,
) -> Result<impl IntoResponse> {
    let shared = share::share(&caller, &gate.db, Subject::Memory(id), body, key.as_ref()).await?;
    Ok((status(&shared.value), shared.map(Json)))
}

pub(crate) async fn list(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Query(params): Query<Params>,
) -> Result<Json<List<Share>>> {
    let (listing, cursor, limit) = params.read()?;
    share::list(&caller, &gate.db, Subject::Memory(id), listing, cursor, limit).await.map(Json)
}

pub(crate) async fn delete(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<ShareAt>,
) -> Result<Json<Revoked>> {
    let ended = share::revoke(&caller, &gate.db, Subject::Memory(at.id), at.share_id).await?;
    Ok(Json(Revoked { ended }))
}

/// 201 if the share was created, 202 if it waits for approval.
pub(crate) fn status(shared: &Shared) -> StatusCode {
    match shared {
        Shared::Shared { .. } => StatusCode::CREATED,
        Shared::PendingApproval { .. } => StatusCode::ACCEPTED,
    }
}
