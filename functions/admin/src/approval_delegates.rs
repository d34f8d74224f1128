//! `…/approval-delegates`: who decides in another's place, for a time.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Serialize;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path};
use shared::ids::DelegateId;
use shared::sharing::approvals::{self, Delegate, NewDelegate};

use crate::members::At;

#[derive(Serialize)]
pub(crate) struct Delegates {
    results: Vec<Delegate>,
}

/// `GET …/approval-delegates`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
) -> Result<Json<Delegates>> {
    let results = approvals::delegates(&ctx, &gate.db, at.scope(&ctx)?).await?;
    Ok(Json(Delegates { results }))
}

/// `POST …/approval-delegates`
pub(crate) async fn create(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Json(new): Json<NewDelegate>,
) -> Result<impl IntoResponse> {
    let delegate = approvals::delegate(&ctx, &gate.db, at.scope(&ctx)?, new).await?;
    Ok((StatusCode::CREATED, Json(delegate)))
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
