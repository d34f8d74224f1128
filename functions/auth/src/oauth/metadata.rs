//! Where applications start: metadata of the protected resources (RFC 9728) and of their
//! authorization server (RFC 8414).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, MCP};
use shared::http::Json;
use shared::identity::Identity;
use shared::identity::oauth::assertion;
use shared::identity::oauth::clients::{AUTH_METHODS, GrantType, PROVING_METHODS};
use shared::identity::oauth::jwks::ALGORITHMS;
use shared::loopback;

/// `GET /.well-known/oauth-authorization-server`
pub(crate) async fn authorization_server(State(identity): State<Identity>) -> Response {
    let issuer = identity.gate().issuer();
    let algorithms = ALGORITHMS.map(|known| format!("{known:?}"));
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "registration_endpoint": format!("{issuer}/oauth/register"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "device_authorization_endpoint": format!("{issuer}/oauth/device_authorization"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": ApiKeyVerb::ALL,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "authorization_grant_profiles_supported": [assertion::PROFILE],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": PROVING_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "authorization_response_iss_parameter_supported": true,
    });
    // Clients that see this do not register, so it is left out where metadata documents cannot be read.
    if identity.fetcher().reads() {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    public(document)
}

/// `GET /.well-known/oauth-protected-resource/mcp`: the MCP endpoint.
pub(crate) async fn endpoint(State(identity): State<Identity>, headers: HeaderMap) -> Response {
    let issuer = identity.gate().issuer();
    let scopes = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];
    resource(issuer, &format!("{}{MCP}", loopback::reached(issuer, &headers)), &scopes)
}

/// `GET /.well-known/oauth-protected-resource`: the whole installation, which includes the endpoint.
pub(crate) async fn installation(State(identity): State<Identity>, headers: HeaderMap) -> Response {
    let issuer = identity.gate().issuer();
    resource(issuer, &loopback::reached(issuer, &headers), &ApiKeyVerb::ALL)
}

fn resource(issuer: &str, resource: &str, scopes: &[ApiKeyVerb]) -> Response {
    public(json!({
        "resource": resource,
        "resource_name": "mem0",
        "authorization_servers": [issuer],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
    }))
}

/// An answer that is the same for everybody.
fn public(document: Value) -> Response {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(document)).into_response()
}
