//! `/v1/scopes`: the scopes that the caller can read and write, named as memory requests name them.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Query};
use shared::page::List;
use shared::page::Part;
use shared::tenancy::scopes::{self, AccessibleScope};

/// `GET /v1/scopes`
pub(crate) async fn list(
    State(gate): State<Gate>,
    ctx: AuthContext,
    Query(part): Query<Part>,
) -> Result<Json<List<AccessibleScope>>> {
    let (cursor, limit) = part.read()?;
    scopes::list(&ctx, &gate.db, "scopes", cursor, limit).await.map(Json)
}
