//! Changing a password.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::Json;
use shared::identity::Identity;
use shared::identity::passwords::Password;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    current_password: Password,
    new_password: Password,
}

/// `POST /v1/auth/password`: changes the password and ends other sessions.
pub(crate) async fn change(
    State(identity): State<Identity>,
    caller: AuthContext,
    Json(body): Json<Change>,
) -> Result<StatusCode> {
    identity.change_password(&caller, &body.current_password, &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
