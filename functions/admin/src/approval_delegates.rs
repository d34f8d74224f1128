//! `…/approval-delegates`: people who temporarily decide approvals in another's place.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Idempotent, Json, Path, Query};
use shared::ids::DelegateId;
use shared::page::List;
use shared::page::Part;
use shared::sharing::approvals::{self, Delegate, NewDelegate};

use crate::members::At;

/// `GET …/approval-delegates`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Query(part): Query<Part>,
) -> Result<Json<List<Delegate>>> {
    let (cursor, limit) = part.read()?;
    approvals::delegates(&ctx, &gate.db, at.scope(&ctx)?, cursor, limit).await.map(Json)
}

/// `POST …/approval-delegates`
pub(crate) async fn create(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Idempotent { key, body }: Idempotent<NewDelegate>,
) -> Result<impl IntoResponse> {
    let delegate = approvals::delegate(&ctx, &gate.db, at.scope(&ctx)?, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, delegate.map(Json)))
}

/// `DELETE /v1/approval-delegates/{id}`
pub(crate) async fn end(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<DelegateId>,
) -> Result<StatusCode> {
    approvals::end_delegate(&ctx, &gate.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
