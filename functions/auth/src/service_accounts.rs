//! `…/service-accounts`: accounts for programs, owned by the enterprise or a node.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate, ReadableScope};
use shared::http::{Idempotent, Json, Path, Query};
use shared::identity;
use shared::ids::{NodeId, UserId};
use shared::page::{List, Part};
use shared::tenancy::service_accounts::{self, NewServiceAccount, ServiceAccount, ServiceAccountChange};

/// The `{id}` of the node that owns the accounts; without one, the enterprise owns them.
#[derive(Debug, Deserialize)]
pub(crate) struct OwnedBy {
    id: Option<NodeId>,
}

impl OwnedBy {
    fn scope<'a>(&self, ctx: &'a AuthContext) -> Result<&'a ReadableScope> {
        self.id.map_or_else(|| ctx.enterprise(), |id| ctx.node(id))
    }
}

/// `GET …/service-accounts`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(owner): Path<OwnedBy>,
    Query(part): Query<Part>,
) -> Result<Json<List<ServiceAccount>>> {
    let (cursor, limit) = part.read()?;
    let owner = owner.scope(&ctx)?;
    service_accounts::list(&ctx, &gate.db, owner, cursor, limit).await.map(Json)
}

/// `POST …/service-accounts`
pub(crate) async fn create(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(owner): Path<OwnedBy>,
    Idempotent { key, body }: Idempotent<NewServiceAccount>,
) -> Result<impl IntoResponse> {
    let account = service_accounts::create(&ctx, &gate.db, owner.scope(&ctx)?, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, account.map(Json)))
}

/// `GET /v1/service-accounts/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<ServiceAccount>> {
    service_accounts::lookup(&ctx, &gate.db, id).await.map(Json)
}

/// `PATCH /v1/service-accounts/{id}`
pub(crate) async fn change(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
    Json(change): Json<ServiceAccountChange>,
) -> Result<Json<ServiceAccount>> {
    service_accounts::change(&ctx, &gate.db, id, change).await.map(Json)
}

/// `POST /v1/service-accounts/{id}/deactivate`. Idempotent.
pub(crate) async fn deactivate(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<ServiceAccount>> {
    identity::deactivate_service_account(&gate, &ctx, id).await?;
    service_accounts::lookup(&ctx, &gate.db, id).await.map(Json)
}

/// `POST /v1/service-accounts/{id}/reactivate`. Idempotent.
pub(crate) async fn reactivate(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<ServiceAccount>> {
    identity::reactivate_service_account(&gate, &ctx, id).await?;
    service_accounts::lookup(&ctx, &gate.db, id).await.map(Json)
}
