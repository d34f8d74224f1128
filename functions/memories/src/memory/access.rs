//! `GET /v1/memories/{id}/access/`: who can see a memory and why, and who can change it.

use axum::extract::State;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query};
use shared::ids::MemoryId;
use shared::page;
use shared::sharing::access::{self, Access};

/// `?cursor=&limit=`: a page of the people.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    cursor: Option<String>,
    limit: Option<i64>,
}

pub(crate) async fn get(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Query(params): Query<Params>,
) -> Result<Json<Access>> {
    let limit = page::limit(params.limit)?;
    access::access(&caller, &gate.db, id, params.cursor.as_deref(), limit).await.map(Json)
}
