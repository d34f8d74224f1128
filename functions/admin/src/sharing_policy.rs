//! `/v1/enterprise/sharing-policy` and `/v1/organizations/{id}/sharing-policy`: a node's policy
//! for the memories at and below it.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path};
use shared::tenancy::policies::{self, PolicyView, SharingPolicy};

use crate::members::At;

/// `GET …/sharing-policy`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
) -> Result<Json<PolicyView>> {
    policies::lookup(&ctx, &gate.db, at.scope(&ctx)?).await.map(Json)
}

/// `PUT …/sharing-policy`
pub(crate) async fn replace(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(at): Path<At>,
    Json(policy): Json<SharingPolicy>,
) -> Result<Json<PolicyView>> {
    policies::replace(&ctx, &gate.db, at.scope(&ctx)?, policy).await.map(Json)
}
