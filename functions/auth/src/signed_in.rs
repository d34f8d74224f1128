//! The answer to every way of signing in.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use shared::http::Json;
use shared::identity::accounts::AccountView;
use shared::identity::sessions::SignedIn;

/// A pair of tokens and the account they belong to (RFC 6749 section 5.1, and the account).
#[derive(Serialize)]
struct SignedInView<'a> {
    /// For `Authorization: Bearer`.
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// For one use at `POST /v1/auth/refresh`.
    refresh_token: &'a str,
    user: &'a AccountView,
}

/// Returns the answer with this status.
pub(crate) fn answer(status: StatusCode, signed_in: &SignedIn) -> Response {
    let view = SignedInView {
        access_token: signed_in.access_token.expose_secret(),
        token_type: "Bearer",
        expires_in: signed_in.expires_in.num_seconds(),
        refresh_token: signed_in.refresh_token.expose_secret(),
        user: &signed_in.account,
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(view)).into_response()
}
