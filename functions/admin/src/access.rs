//! `/v1/users/{id}/access` and `/v1/access/check`: what others see and may do, and why.

use axum::extract::State;
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::error::Error;
use shared::http::{Json, Path, Query};
use shared::ids::UserId;
use shared::page::List;
use shared::simulation::{self, Question, SeenScope, Verdict};

use crate::list::Part;

/// `GET /v1/users/{id}/access`: what somebody sees of what the caller administers.
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
    Query(part): Query<Part>,
) -> Result<Json<List<SeenScope>>> {
    let (cursor, limit) = part.read()?;
    simulation::list(&ctx, &gate.db, id, cursor, limit).await.map(Json)
}

/// May they do that there?
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    user_id: UserId,
    /// As `docs/api/permissions.txt` lists them, in lower case with underscores.
    action: String,
    /// As memory requests name it: `team:org_…`, `enterprise`.
    scope: String,
}

/// `POST /v1/access/check`
pub(crate) async fn check(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Json(body): Json<Check>,
) -> Result<Json<Verdict>> {
    let action = body.action.parse().map_err(|message: String| Error::invalid("action", message))?;
    let scope = body.scope.parse().map_err(|message: String| Error::invalid("scope", message))?;
    let question = Question { user: body.user_id, action, scope };
    simulation::check(&ctx, &gate.db, question).await.map(Json)
}
