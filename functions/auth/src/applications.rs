//! The applications that the caller has authorized.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::{Json, Path, Query};
use shared::identity::Identity;
use shared::identity::oauth::grants::ApplicationView;
use shared::ids::GrantId;
use shared::page::{self, List};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListApplications {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/auth/applications`: lists those that may still act for the caller.
pub(crate) async fn list(
    State(identity): State<Identity>,
    caller: AuthContext,
    Query(query): Query<ListApplications>,
) -> Result<Json<List<ApplicationView>>> {
    let limit = page::limit(query.limit)?;
    identity.applications(&caller, query.cursor.as_deref(), limit).await.map(Json)
}

/// `DELETE /v1/auth/applications/{id}`: revokes an application's authorization.
pub(crate) async fn revoke(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<GrantId>,
) -> Result<StatusCode> {
    identity.revoke_application(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
