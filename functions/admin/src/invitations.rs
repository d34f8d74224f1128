//! `…/invitations`: invites people by e-mail to join the enterprise or a node.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query, refuse_key};
use shared::ids::InvitationId;
use shared::page::List;
use shared::page::Part;
use shared::tenancy::invitations::{self, Invitation, NewInvitation};

use crate::members::At;

/// `GET …/invitations`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Query(part): Query<Part>,
) -> Result<Json<List<Invitation>>> {
    let (cursor, limit) = part.read()?;
    invitations::list(&ctx, &gate.db, at.scope(&ctx)?, cursor, limit).await.map(Json)
}

/// `POST …/invitations`. The answer contains the only copy of the token.
pub(crate) async fn invite(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    headers: HeaderMap,
    Json(new): Json<NewInvitation>,
) -> Result<impl IntoResponse> {
    refuse_key(&headers)?;
    let invited = invitations::invite(&ctx, &gate.db, at.scope(&ctx)?, new).await?;
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(invited)))
}

/// `DELETE /v1/invitations/{id}`
pub(crate) async fn revoke(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode> {
    invitations::revoke(&ctx, &gate.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
