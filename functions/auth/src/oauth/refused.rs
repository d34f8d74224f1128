//! An error as applications expect it: `{"error": …, "error_description": …}` (RFC 6749 section 5.2).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use shared::error::Error;
use shared::http::Json;
use shared::identity::oauth::{Code, OAuthError};

/// Why an application is refused.
#[derive(Debug)]
pub(crate) struct Refused(pub(super) OAuthError);

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, description) = match self.0 {
            OAuthError::Refused(code, description) => (code, description),
            OAuthError::Failed(Error::Invalid { field, message }) => {
                let place = field.map(|field| format!("{field}: ")).unwrap_or_default();
                (Code::InvalidRequest, format!("{place}{message}"))
            }
            // Limits and internal errors are answered as everywhere else.
            OAuthError::Failed(error) => return error.into_response(),
        };
        let status = match code {
            Code::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "error": code.as_str(), "error_description": description });
        let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        if code == Code::InvalidClient {
            let challenge = HeaderValue::from_static("Basic realm=\"mem0\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
