//! `GET /v1/memories/{id}/access/`: who can see a memory and why, and who can change it.

use axum::extract::State;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path};
use shared::ids::MemoryId;
use shared::sharing::access::{self, Access};

pub(crate) async fn get(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
) -> Result<Json<Access>> {
    access::access(&caller, &gate.db, id).await.map(Json)
}
