//! The error page.

use axum::response::Response;
use http::StatusCode;
use shared::Error;
use shared::identity::oauth::{Code, OAuthError, redirect_host};
use shared::telemetry;

use super::{document, escape, wait_for};

/// Shows an error. `way_back` is a URL that reports the error to the application. It is a link and not a redirect:
/// anybody can register such a URL, so nobody is sent there without having seen where it leads.
pub(super) fn page(error: OAuthError, way_back: Option<&str>) -> Response {
    let (status, text) = match &error {
        OAuthError::Refused(_, text) => (StatusCode::BAD_REQUEST, sentence(text)),
        OAuthError::Failed(failed) => {
            failed.log();
            match failed {
                Error::Internal(_) => (failed.status(), "Something went wrong on our side.".to_owned()),
                told => (told.status(), sentence(&told.to_string())),
            }
        }
    };
    let way_back = way_back.map(|address| {
        let (host, _) = redirect_host(address);
        format!(
            "<p><a href=\"{}\">Tell the application at {} what went wrong</a></p>\n",
            escape(address),
            escape(&host)
        )
    });
    let id =
        telemetry::request_id().map(|id| format!("<p class=\"quiet\">Request {id}</p>")).unwrap_or_default();
    let advice = match &error {
        // Beginning again would end here again.
        OAuthError::Refused(Code::InvalidClient, _) => {
            "If that does not help, tell the provider of the application, or the operator of this installation."
        }
        _ => {
            "Go back to your application and begin again. If it happens once more, tell the provider of the application."
        }
    };
    let content = format!(
        "<h1>This cannot go on</h1>\n<p class=\"alarm\" role=\"alert\">{}</p>\n<p>{advice}</p>\n{way_back}{id}",
        escape(&text),
        way_back = way_back.unwrap_or_default(),
    );
    let response = document(status, "This cannot go on", &content);
    match &error {
        OAuthError::Failed(Error::LimitReached { retry_after, .. }) => wait_for(response, *retry_after),
        _ => response,
    }
}

/// Turns a text for programs, which begins in lower case, into a sentence for people.
fn sentence(text: &str) -> String {
    if text.starts_with(|first: char| first.is_lowercase()) {
        return format!("This request cannot be answered: {text}.");
    }
    text.to_owned()
}
