//! API keys: the caller's own, those of service accounts that they administer, and, to list and revoke, those of users
//! that they administer.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use shared::access::{ApiKeyVerb, AuthContext, Classification};
use shared::error::{Error, Result};
use shared::http::{Json, Path, Query, refuse_key};
use shared::identity::Identity;
use shared::identity::api_keys::{self, ApiKeyView, Keys, NewApiKey, Rotation};
use shared::ids::{ApiKeyId, UserId};
use shared::page::{self, List};

/// How long a rotated key stays valid beside its successor, unless the request says otherwise.
const OVERLAP_HOURS: i64 = 24;

/// `/v1/api-keys` or `/v1/service-accounts/{id}/api-keys`.
#[derive(Deserialize)]
pub(crate) struct KeysAt {
    id: Option<UserId>,
}

impl KeysAt {
    fn keys(&self) -> Keys {
        self.id.map_or(Keys::Own, Keys::Of)
    }
}

/// `/v1/service-accounts/{id}/api-keys/{key_id}` or `/v1/users/{id}/api-keys/{key_id}`
#[derive(Deserialize)]
pub(crate) struct AccountKey {
    id: UserId,
    key_id: ApiKeyId,
}

/// At most one of `expires_at` (RFC 3339) and `expires_in_days`; without either the key does not expire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    name: String,
    scopes: Vec<ApiKeyVerb>,
    /// Scope names as in memory requests: the key sees these scopes and those below them, and nothing else.
    within: Option<Vec<String>>,
    /// The key neither sees nor creates anything with a higher classification.
    ceiling: Option<Classification>,
    expires_at: Option<DateTime<Utc>>,
    expires_in_days: Option<u16>,
}

#[derive(Serialize)]
struct Created<'a> {
    /// `m0sk_…`: the secret, shown only this once.
    key: &'a str,
    #[serde(flatten)]
    view: &'a ApiKeyView,
}

/// `POST …/api-keys`: creates a key.
pub(crate) async fn create(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(at): Path<KeysAt>,
    headers: HeaderMap,
    Json(body): Json<Create>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let new = body.read(caller.request().at)?;
    let (view, secret) = identity.create_api_key(&caller, at.keys(), new).await?;
    Ok(created(&view, &secret))
}

impl Create {
    fn read(self, now: DateTime<Utc>) -> Result<NewApiKey> {
        let expires_at = match (self.expires_at, self.expires_in_days) {
            (Some(_), Some(_)) => return Err(Error::malformed("send either expires_at or expires_in_days")),
            (_, Some(days)) if !(1..=api_keys::LONGEST.num_days()).contains(&days.into()) => {
                let longest = api_keys::LONGEST.num_days();
                let problem = format!("must be from 1 to {longest}, found {days}");
                return Err(Error::invalid("expires_in_days", problem));
            }
            (_, Some(days)) => Some(now + TimeDelta::days(days.into())),
            (at, None) => at,
        };
        let name = |(index, text): (usize, &String)| {
            text.parse().map_err(|message: String| Error::invalid(format!("within[{index}]"), message))
        };
        let within = self.within.map(|names| names.iter().enumerate().map(name).collect::<Result<_>>());
        Ok(NewApiKey {
            name: self.name,
            scopes: self.scopes,
            within: within.transpose()?,
            ceiling: self.ceiling,
            expires_at,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKeys {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET …/api-keys`: lists keys, without their secrets.
pub(crate) async fn list(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(at): Path<KeysAt>,
    Query(query): Query<ListKeys>,
) -> Result<Json<List<ApiKeyView>>> {
    let limit = page::limit(query.limit)?;
    identity.api_keys(&caller, at.keys(), query.cursor.as_deref(), limit).await.map(Json)
}

/// `GET /v1/users/{id}/api-keys`: lists the keys of somebody.
pub(crate) async fn list_of_user(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<UserId>,
    Query(query): Query<ListKeys>,
) -> Result<Json<List<ApiKeyView>>> {
    let limit = page::limit(query.limit)?;
    identity.api_keys(&caller, Keys::OfUser(id), query.cursor.as_deref(), limit).await.map(Json)
}

/// `DELETE /v1/users/{id}/api-keys/{key_id}`
pub(crate) async fn revoke_of_user(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(AccountKey { id, key_id }): Path<AccountKey>,
) -> Result<StatusCode> {
    identity.revoke_api_key(&caller, Keys::OfUser(id), key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/api-keys/{id}`: revokes a key permanently.
pub(crate) async fn revoke(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode> {
    identity.revoke_api_key(&caller, Keys::Own, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/service-accounts/{id}/api-keys/{key_id}`
pub(crate) async fn revoke_of(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(AccountKey { id, key_id }): Path<AccountKey>,
) -> Result<StatusCode> {
    identity.revoke_api_key(&caller, Keys::Of(id), key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    /// How long the old key stays valid beside the new one.
    overlap_hours: Option<u16>,
}

impl From<Rotate> for Rotation {
    fn from(body: Rotate) -> Self {
        Self { overlap: TimeDelta::hours(body.overlap_hours.map_or(OVERLAP_HOURS, i64::from)) }
    }
}

/// `POST /v1/api-keys/{id}/rotate`: replaces a key with a new one.
pub(crate) async fn rotate(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<ApiKeyId>,
    headers: HeaderMap,
    Json(body): Json<Rotate>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let (view, secret) = identity.rotate_api_key(&caller, Keys::Own, id, body.into()).await?;
    Ok(created(&view, &secret))
}

/// `POST /v1/service-accounts/{id}/api-keys/{key_id}/rotate`
pub(crate) async fn rotate_of(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(AccountKey { id, key_id }): Path<AccountKey>,
    headers: HeaderMap,
    Json(body): Json<Rotate>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let (view, secret) = identity.rotate_api_key(&caller, Keys::Of(id), key_id, body.into()).await?;
    Ok(created(&view, &secret))
}

fn created(view: &ApiKeyView, secret: &SecretString) -> Response {
    let created = Created { key: secret.expose_secret(), view };
    (StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(created)).into_response()
}
