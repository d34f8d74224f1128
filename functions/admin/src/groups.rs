//! `…/groups` and `/v1/groups/{id}`: named sets of people, owned by the enterprise or a node.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Idempotent, Json, Path, Query};
use shared::ids::{GroupId, UserId};
use shared::page::List;
use shared::page::Part;
use shared::tenancy::groups::{self, Group, GroupChange, GroupMember, NewGroup, NewGroupMember};

use crate::members::At;

/// A member of a group.
#[derive(Debug, Deserialize)]
pub(crate) struct GroupMemberAt {
    id: GroupId,
    user_id: UserId,
}

/// `GET …/groups`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Query(part): Query<Part>,
) -> Result<Json<List<Group>>> {
    let (cursor, limit) = part.read()?;
    groups::list(&ctx, &gate.db, at.scope(&ctx)?, cursor, limit).await.map(Json)
}

/// `POST …/groups`
pub(crate) async fn create(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Idempotent { key, body }: Idempotent<NewGroup>,
) -> Result<impl IntoResponse> {
    let group = groups::create(&ctx, &gate.db, at.scope(&ctx)?, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, group.map(Json)))
}

/// `GET /v1/groups/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<GroupId>,
) -> Result<Json<Group>> {
    groups::lookup(&ctx, &gate.db, id).await.map(Json)
}

/// `PATCH /v1/groups/{id}`
pub(crate) async fn change(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<GroupId>,
    Json(change): Json<GroupChange>,
) -> Result<Json<Group>> {
    groups::change(&ctx, &gate.db, id, change).await.map(Json)
}

/// `DELETE /v1/groups/{id}`
pub(crate) async fn delete(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<GroupId>,
) -> Result<StatusCode> {
    groups::delete(&ctx, &gate.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/groups/{id}/members`
pub(crate) async fn members(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<GroupId>,
    Query(part): Query<Part>,
) -> Result<Json<List<GroupMember>>> {
    let (cursor, limit) = part.read()?;
    groups::members::list(&ctx, &gate.db, id, cursor, limit).await.map(Json)
}

/// `POST /v1/groups/{id}/members`
pub(crate) async fn add_member(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<GroupId>,
    Idempotent { key, body }: Idempotent<NewGroupMember>,
) -> Result<impl IntoResponse> {
    let member = groups::members::add(&ctx, &gate.db, id, &body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, member.map(Json)))
}

/// `DELETE /v1/groups/{id}/members/{user_id}`
pub(crate) async fn remove_member(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(GroupMemberAt { id, user_id }): Path<GroupMemberAt>,
) -> Result<StatusCode> {
    groups::members::remove(&ctx, &gate.db, id, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
