//! `WWW-Authenticate` challenges: where a caller that is refused can get a better token (RFC 9728
//! section 5.1, RFC 6750 section 3).

use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use shared::access::{ApiKeyVerb, MCP};

/// The scopes that an assistant's memory needs, for clients that have none yet.
const USUAL: [ApiKeyVerb; 2] = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];

/// Adds the URL of this resource's metadata to a challenge, and the scopes to ask for if it names none.
pub(crate) fn complete(mut response: Response, url: &str) -> Response {
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return response;
    }
    let Some(challenge) = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok())
    else {
        return response;
    };
    let scope = match challenge.contains("scope=\"") {
        true => String::new(),
        false => format!(", scope=\"{}\"", scopes(&USUAL)),
    };
    let whole =
        format!("{challenge}{scope}, resource_metadata=\"{url}/.well-known/oauth-protected-resource{MCP}\"");
    if let Ok(value) = HeaderValue::from_str(&whole) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// The challenge for an application that lacks a scope. It lists every scope that the call
/// needs, including those granted.
pub(crate) fn insufficient(mut response: Response, needed: &[ApiKeyVerb]) -> Response {
    let challenge =
        format!("Bearer realm=\"mem0\", error=\"insufficient_scope\", scope=\"{}\"", scopes(needed));
    response
        .headers_mut()
        .extend(HeaderValue::from_str(&challenge).ok().map(|value| (WWW_AUTHENTICATE, value)));
    response
}

fn scopes(verbs: &[ApiKeyVerb]) -> String {
    verbs.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().join(" ")
}
