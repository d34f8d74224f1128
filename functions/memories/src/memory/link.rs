//! `/v1/memories/{id}/links/`: URLs at which anybody can read a public memory.

use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::http::{Json, Path, Query, refuse_key};
use shared::ids::{LinkId, MemoryId};
use shared::page::List;
use shared::sharing::Subject;
use shared::sharing::links::{self, Link, NewLink, NewlyLinked};

use shared::page::Part;

/// A link to a memory.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkAt {
    id: MemoryId,
    link_id: LinkId,
}

#[derive(Serialize)]
pub(crate) struct Made {
    #[serde(flatten)]
    link: NewlyLinked,
    /// The URL to hand out.
    url: String,
}

impl Made {
    pub(crate) fn new(gate: &Gate, link: NewlyLinked) -> Self {
        let url = format!("{}/v1/links/{}", gate.issuer(), link.token);
        Self { link, url }
    }
}

pub(crate) async fn post(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    headers: HeaderMap,
    Json(new): Json<NewLink>,
) -> Result<impl IntoResponse> {
    refuse_key(&headers)?;
    let link = links::create(&caller, &gate.db, Subject::Memory(id), new).await?;
    Ok((StatusCode::CREATED, Json(Made::new(&gate, link))))
}

pub(crate) async fn list(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<MemoryId>,
    Query(part): Query<Part>,
) -> Result<Json<List<Link>>> {
    let (cursor, limit) = part.read()?;
    links::list(&caller, &gate.db, Subject::Memory(id), cursor, limit).await.map(Json)
}

pub(crate) async fn delete(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<LinkAt>,
) -> Result<StatusCode> {
    links::revoke(&caller, &gate.db, Subject::Memory(at.id), at.link_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
