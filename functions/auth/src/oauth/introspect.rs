//! `POST /oauth/introspect` (RFC 7662).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use shared::http::{Json, Request};
use shared::identity::Identity;

use super::form::Form;
use super::refused::Refused;
use super::token::credentials;

pub(crate) async fn introspect(
    State(identity): State<Identity>,
    Request(request): Request,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refused> {
    let holder = identity.authenticate_holder(&request, &credentials(&headers, &form)?).await?;
    let told = identity.introspect(&request, &holder, &form.secret("token")?).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(told)).into_response())
}
