//! Registration, and what callers may read and change about themselves.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::access::AuthContext;
use shared::email::EmailAddress;
use shared::error::{Error, Result};
use shared::http::{Json, Unproven, refuse_key};
use shared::identity::Identity;
use shared::identity::accounts::{Me, NewAccount, Place};
use shared::identity::passwords::Password;

use crate::signed_in;

/// Takes exactly one of `enterprise_name` and `invitation`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    email: EmailAddress,
    password: Password,
    name: String,
    enterprise_name: Option<String>,
    invitation: Option<String>,
}

/// `POST /v1/auth/register`: creates an account, with a new enterprise or by invitation, and signs it in.
pub(crate) async fn register(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    headers: HeaderMap,
    Json(body): Json<Register>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let place = match (body.enterprise_name, body.invitation) {
        (Some(name), None) => Place::NewEnterprise(name),
        (None, Some(token)) => Place::Invitation(token),
        _ => return Err(Error::malformed("send either enterprise_name or invitation")),
    };
    let new = NewAccount { email: body.email, password: body.password, name: body.name, place };
    let signed_in = identity.register(&request, new).await?;
    Ok(signed_in::answer(StatusCode::CREATED, &signed_in))
}

/// `GET /v1/auth/me`: returns the caller's account.
pub(crate) async fn me(State(identity): State<Identity>, caller: AuthContext) -> Result<Json<Me>> {
    identity.me(&caller).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    name: String,
}

/// `PATCH /v1/auth/me`: changes the caller's name.
pub(crate) async fn rename(
    State(identity): State<Identity>,
    caller: AuthContext,
    Json(body): Json<Rename>,
) -> Result<Json<Me>> {
    identity.rename(&caller, &body.name).await.map(Json)
}
