//! `/v1/dissolutions`: nodes being dissolved, and their progress.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query};
use shared::ids::DissolutionId;
use shared::page::List;
use shared::page::Part;
use shared::tenancy::nodes::{self, Dissolution};

/// `GET /v1/dissolutions`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(part): Query<Part>,
) -> Result<Json<List<Dissolution>>> {
    let (cursor, limit) = part.read()?;
    nodes::dissolutions(&ctx, &gate.db, cursor, limit).await.map(Json)
}

/// `GET /v1/dissolutions/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<DissolutionId>,
) -> Result<Json<Dissolution>> {
    nodes::dissolution(&ctx, &gate.db, id).await.map(Json)
}

/// `POST /v1/dissolutions/{id}/cancel`. What was already handed over stays with the heir. Idempotent, with
/// or without an `Idempotency-Key`.
pub(crate) async fn cancel(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<DissolutionId>,
) -> Result<Json<Dissolution>> {
    nodes::cancel(&ctx, &gate.db, id).await.map(Json)
}
