//! `POST /oauth/revoke` (RFC 7009).

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use shared::http::Request;
use shared::identity::Identity;

use super::form::Form;
use super::refused::Refused;
use super::token::credentials;

pub(crate) async fn revoke(
    State(identity): State<Identity>,
    Request(request): Request,
    headers: HeaderMap,
    form: Form,
) -> Result<StatusCode, Refused> {
    let holder = identity.authenticate_holder(&request, &credentials(&headers, &form)?).await?;
    identity.revoke_token(&request, &holder, &form.secret("token")?).await?;
    Ok(StatusCode::OK)
}
