//! `/v1/reassignments`: memories of people who left, and the progress of handing them to an heir.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query};
use shared::ids::ReassignmentId;
use shared::page::List;
use shared::page::Part;
use shared::tenancy::users::{self, Reassignment};

/// `GET /v1/reassignments`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(part): Query<Part>,
) -> Result<Json<List<Reassignment>>> {
    let (cursor, limit) = part.read()?;
    users::reassignments(&ctx, &gate.db, cursor, limit).await.map(Json)
}

/// `GET /v1/reassignments/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<ReassignmentId>,
) -> Result<Json<Reassignment>> {
    users::reassignment(&ctx, &gate.db, id).await.map(Json)
}
