//! `/v1/enterprise`: the caller's own tenant.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::Json;
use shared::tenancy::enterprise::{self, Enterprise, EnterpriseChange};

/// `GET /v1/enterprise`
pub(crate) async fn show(ctx: AuthContext, State(gate): State<Gate>) -> Result<Json<Enterprise>> {
    enterprise::lookup(&ctx, &gate.db).await.map(Json)
}

/// `PATCH /v1/enterprise`
pub(crate) async fn change(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Json(change): Json<EnterpriseChange>,
) -> Result<Json<Enterprise>> {
    enterprise::change(&ctx, &gate.db, change).await.map(Json)
}
