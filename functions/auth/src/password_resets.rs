//! Forgotten passwords: an administrator makes a token, the person chooses a new password with it.

use axum::extract::State;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::{Json, Path, Unproven, refuse_key};
use shared::identity::Identity;
use shared::identity::passwords::Password;
use shared::ids::UserId;

#[derive(Serialize)]
struct Created<'a> {
    user_id: UserId,
    /// `m0pw_…`, shown only this once.
    token: &'a str,
    expires_at: DateTime<Utc>,
}

/// `POST /v1/users/{id}/password-reset`: makes a token for somebody who forgot their password.
pub(crate) async fn create(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    refuse_key(&headers)?;
    let reset = identity.allow_password_reset(&caller, id).await?;
    let token = reset.token.expose_secret();
    let created = Json(Created { user_id: reset.user, token, expires_at: reset.expires_at });
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], created).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redeem {
    token: String,
    new_password: Password,
}

/// `POST /v1/auth/password/reset`: chooses a new password with a token, and ends every session.
pub(crate) async fn redeem(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    Json(body): Json<Redeem>,
) -> Result<StatusCode> {
    identity.reset_password(&request, &body.token, &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
