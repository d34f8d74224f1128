//! The public keys of access tokens, for services that verify tokens themselves.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use shared::error::Result;
use shared::http::{Json, Request};
use shared::identity::Identity;

/// `GET /.well-known/jwks.json` (RFC 7517). May be cached for an hour: keys are published days before they sign.
pub(crate) async fn list(State(identity): State<Identity>, Request(request): Request) -> Result<Response> {
    let keys = identity.signing_keys().published(request.at).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=3600")], Json(keys)).into_response())
}
