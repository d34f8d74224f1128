//! `POST /oauth/register` (RFC 7591).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;
use shared::http::{Json, Unproven};
use shared::identity::Identity;
use shared::identity::oauth::clients::{Metadata, Registered};
use shared::identity::oauth::{Code, OAuthError};

use super::refused::Refused;

/// RFC 7591 section 3.2.1: what was registered, which may be less than what was requested.
#[derive(Serialize)]
struct Registration<'a> {
    client_id: &'a str,
    client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    client_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<&'a str>,
    redirect_uris: &'a [String],
    grant_types: Vec<&'static str>,
    response_types: &'static [&'static str],
    token_endpoint_auth_method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint_auth_signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<&'a Value>,
}

pub(crate) async fn register(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    body: Result<Json<Metadata>, shared::Error>,
) -> Result<Response, Refused> {
    let Json(metadata) = body.map_err(|error| match error {
        shared::Error::Invalid { field, message } => {
            let code = match field.as_deref() {
                Some(field) if field.starts_with("redirect_uris") => Code::InvalidRedirectUri,
                _ => Code::InvalidClientMetadata,
            };
            let place = field.map(|field| format!("{field}: ")).unwrap_or_default();
            OAuthError::new(code, format!("{place}{message}"))
        }
        other => OAuthError::Failed(other),
    })?;
    let Registered { client, auth_method, secret, at } = identity.register_client(&request, metadata).await?;
    let keys = client.keys();
    let registration = Registration {
        client_id: &client.id,
        client_id_issued_at: at.timestamp(),
        client_secret: secret.as_ref().map(|secret| secret.expose_secret()),
        client_secret_expires_at: secret.as_ref().map(|_| 0),
        client_name: &client.name,
        client_uri: client.uri.as_deref(),
        redirect_uris: &client.redirect_uris,
        grant_types: client.grant_types.iter().map(|it| it.as_str()).collect(),
        response_types: if client.redirect_uris.is_empty() { &[] } else { &["code"] },
        token_endpoint_auth_method: &auth_method,
        token_endpoint_auth_signing_alg: keys
            .and_then(|keys| keys.algorithm)
            .map(|known| format!("{known:?}")),
        jwks_uri: keys.and_then(|keys| keys.uri.as_deref()),
        jwks: keys.and_then(|keys| keys.jwks.as_ref()),
    };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(registration)).into_response())
}
