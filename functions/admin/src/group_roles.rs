//! `…/group-roles`: roles of groups in the enterprise or a node.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query};
use shared::ids::{GroupId, NodeId};
use shared::page::List;
use shared::page::Part;
use shared::tenancy::groups::{RoleOfGroup, roles};
use shared::tenancy::members::MemberChange;

use crate::members::At;

/// A group with a role in a node; the enterprise if `id` is absent.
#[derive(Debug, Deserialize)]
pub(crate) struct GroupAt {
    id: Option<NodeId>,
    group_id: GroupId,
}

/// `GET …/group-roles`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Query(part): Query<Part>,
) -> Result<Json<List<RoleOfGroup>>> {
    let (cursor, limit) = part.read()?;
    roles::list(&ctx, &gate.db, at.scope(&ctx)?, cursor, limit).await.map(Json)
}

/// `PUT …/group-roles/{group_id}`
pub(crate) async fn put(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(GroupAt { id, group_id }): Path<GroupAt>,
    Json(change): Json<MemberChange>,
) -> Result<Json<RoleOfGroup>> {
    roles::put(&ctx, &gate.db, At { id }.scope(&ctx)?, group_id, change.role).await.map(Json)
}

/// `DELETE …/group-roles/{group_id}`
pub(crate) async fn remove(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(GroupAt { id, group_id }): Path<GroupAt>,
) -> Result<StatusCode> {
    roles::remove(&ctx, &gate.db, At { id }.scope(&ctx)?, group_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
