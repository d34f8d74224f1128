//! The caller's API keys.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::access::{ApiKeyVerb, AuthContext};
use shared::error::{Error, Result};
use shared::http::{Json, Path, Query, refuse_key};
use shared::identity::Identity;
use shared::identity::api_keys::{ApiKeyView, NewApiKey};
use shared::ids::ApiKeyId;
use shared::page::{self, List};

/// At most one of `expires_at` (RFC 3339) and `expires_in_days`; without either the key does not expire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    name: String,
    scopes: Vec<ApiKeyVerb>,
    expires_at: Option<DateTime<Utc>>,
    expires_in_days: Option<u16>,
}

#[derive(Serialize)]
struct Created<'a> {
    /// `m0sk_…`: the secret, this once.
    key: &'a str,
    #[serde(flatten)]
    view: &'a ApiKeyView,
}

/// `POST /v1/api-keys`: a new key.
pub(crate) async fn create(
    State(identity): State<Identity>,
    caller: AuthContext,
    headers: HeaderMap,
    Json(body): Json<Create>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let expires_at = match (body.expires_at, body.expires_in_days) {
        (Some(_), Some(_)) => return Err(Error::malformed("send either expires_at or expires_in_days")),
        (_, Some(0)) => return Err(Error::invalid("expires_in_days", "a key lasts at least one day")),
        (_, Some(days)) => Some(caller.request().at + TimeDelta::days(days.into())),
        (at, None) => at,
    };
    let new = NewApiKey { name: body.name, scopes: body.scopes, expires_at };
    let (view, secret) = identity.create_api_key(&caller, new).await?;
    let created = Created { key: secret.expose_secret(), view: &view };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(created)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKeys {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/api-keys`: the caller's keys, without their secrets.
pub(crate) async fn list(
    State(identity): State<Identity>,
    caller: AuthContext,
    Query(query): Query<ListKeys>,
) -> Result<Json<List<ApiKeyView>>> {
    let limit = page::limit(query.limit)?;
    identity.api_keys(&caller, query.cursor.as_deref(), limit).await.map(Json)
}

/// `DELETE /v1/api-keys/{id}`: revokes a key, for good.
pub(crate) async fn revoke(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode> {
    identity.revoke_api_key(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
