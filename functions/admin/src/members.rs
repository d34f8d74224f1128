//! `/v1/enterprise/members` and `/v1/organizations/{id}/members`: who belongs to the enterprise or a node.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate, ReadableScope};
use shared::http::{Idempotent, Json, Path, Query};
use shared::ids::{NodeId, UserId};
use shared::page::List;
use shared::page::Part;
use shared::tenancy::members::{self, Member, MemberChange, NewMember};

/// The `{id}` of a path; the enterprise if there is none.
#[derive(Debug, Deserialize)]
pub(crate) struct At {
    pub(crate) id: Option<NodeId>,
}

impl At {
    pub(crate) fn scope<'a>(&self, ctx: &'a AuthContext) -> Result<&'a ReadableScope> {
        self.id.map_or_else(|| ctx.enterprise(), |id| ctx.node(id))
    }
}

/// A member of the enterprise or a node.
#[derive(Debug, Deserialize)]
pub(crate) struct MemberAt {
    id: Option<NodeId>,
    user_id: UserId,
}

/// `GET …/members`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Query(part): Query<Part>,
) -> Result<Json<List<Member>>> {
    let (cursor, limit) = part.read()?;
    members::list(&ctx, &gate.db, at.scope(&ctx)?, cursor, limit).await.map(Json)
}

/// `POST …/members`
pub(crate) async fn add(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Idempotent { key, body }: Idempotent<NewMember>,
) -> Result<impl IntoResponse> {
    let member = members::add(&ctx, &gate.db, at.scope(&ctx)?, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, member.map(Json)))
}

/// `PUT …/members/{user_id}`
pub(crate) async fn change(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(MemberAt { id, user_id }): Path<MemberAt>,
    Json(change): Json<MemberChange>,
) -> Result<Json<Member>> {
    members::change(&ctx, &gate.db, At { id }.scope(&ctx)?, user_id, change.role).await.map(Json)
}

/// `DELETE …/members/{user_id}`
pub(crate) async fn remove(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(MemberAt { id, user_id }): Path<MemberAt>,
) -> Result<StatusCode> {
    members::remove(&ctx, &gate.db, At { id }.scope(&ctx)?, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
