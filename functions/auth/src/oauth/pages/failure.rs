//! The page that says what went wrong.

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use shared::Error;
use shared::identity::oauth::OAuthError;
use shared::telemetry;

use super::{document, escape};

pub(super) fn page(error: OAuthError) -> Response {
    let (status, text) = match &error {
        OAuthError::Refused(_, text) => (StatusCode::BAD_REQUEST, text.clone()),
        OAuthError::Failed(failed) => {
            failed.log();
            match failed {
                Error::Internal(_) => (failed.status(), "Something went wrong on our side.".to_owned()),
                told => (told.status(), told.to_string()),
            }
        }
    };
    let id =
        telemetry::request_id().map(|id| format!("<p class=\"quiet\">Request {id}</p>")).unwrap_or_default();
    let content = format!(
        "<h1>This cannot go on</h1>\n<p class=\"alarm\" role=\"alert\">{}</p>\n\
         <p>Go back to your application and begin again. If it happens once more, tell whoever provides the \
         application.</p>\n{id}",
        escape(&text)
    );
    let mut response = document(status, "This cannot go on", &content, None);
    if let OAuthError::Failed(Error::LimitReached { retry_after, .. }) = &error {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
    }
    response
}
