//! `/v1/organizations`: the tree below the enterprise.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate, ScopeKind};
use shared::http::{Idempotent, Json, Path, Query};
use shared::ids::NodeId;
use shared::page::List;
use shared::page::Part;
use shared::tenancy::nodes::{self, Listing, NewNode, Node, NodeChange, Parent, Status, Wish};

/// `?parent=&kind=&cursor=&limit=`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// A node's id or `enterprise`: lists only its children. By default, the whole visible tree.
    parent: Option<Parent>,
    kind: Option<NodeKind>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// A kind that nodes have.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NodeKind {
    Organization,
    Division,
    Department,
    Unit,
    Team,
}

impl From<NodeKind> for ScopeKind {
    fn from(kind: NodeKind) -> Self {
        match kind {
            NodeKind::Organization => Self::Organization,
            NodeKind::Division => Self::Division,
            NodeKind::Department => Self::Department,
            NodeKind::Unit => Self::Unit,
            NodeKind::Team => Self::Team,
        }
    }
}

/// `GET /v1/organizations`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(params): Query<Params>,
) -> Result<Json<List<Node>>> {
    let part = Part { cursor: params.cursor, limit: params.limit };
    let (cursor, limit) = part.read()?;
    let listing = Listing { parent: params.parent, kind: params.kind.map(ScopeKind::from) };
    nodes::list(&ctx, &gate.db, listing, cursor, limit).await.map(Json)
}

/// `POST /v1/organizations`
pub(crate) async fn create(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Idempotent { key, body }: Idempotent<NewNode>,
) -> Result<impl IntoResponse> {
    let node = nodes::create(&ctx, &gate.db, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, node.map(Json)))
}

/// `GET /v1/organizations/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<NodeId>,
) -> Result<Json<Node>> {
    nodes::lookup(&ctx, &gate.db, id).await.map(Json)
}

/// `PATCH /v1/organizations/{id}`
pub(crate) async fn change(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<NodeId>,
    Json(change): Json<NodeChange>,
) -> Result<Json<Node>> {
    nodes::change(&ctx, &gate.db, id, change).await.map(Json)
}

/// The new parent of a node.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename = "with nulls")]
pub(crate) struct Move {
    /// Null means directly below the enterprise. It is required, so that an empty body moves nothing.
    #[serde(deserialize_with = "Option::deserialize")]
    parent: Option<NodeId>,
}

/// `POST /v1/organizations/{id}/move`
pub(crate) async fn relocate(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<NodeId>,
    Idempotent { key, body }: Idempotent<Move>,
) -> Result<impl IntoResponse> {
    let node = nodes::relocate(&ctx, &gate.db, id, body.parent, key.as_ref()).await?;
    Ok(node.map(Json))
}

/// `POST /v1/organizations/{id}/dissolve`: 202 while there is more to hand over, with the URL that reports progress.
pub(crate) async fn dissolve(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<NodeId>,
    Idempotent { key, body }: Idempotent<Wish>,
) -> Result<impl IntoResponse> {
    let work = nodes::dissolve(&ctx, &gate.db, id, body, key.as_ref()).await?;
    let status = match work.value.status {
        Status::Running => StatusCode::ACCEPTED,
        Status::Done | Status::Failed | Status::Cancelled => StatusCode::OK,
    };
    let place = [(LOCATION, format!("/v1/dissolutions/{}", work.value.id))];
    Ok((status, place, work.map(Json)))
}

/// `DELETE /v1/organizations/{id}`
pub(crate) async fn delete(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<NodeId>,
) -> Result<StatusCode> {
    nodes::delete(&ctx, &gate.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
