//! The page after an answer: it sends the browser to the application, at once and without a script.
//!
//! The form does not redirect, because browsers check every redirect after a form against the page's `form-action`
//! policy, and nobody knows where an application sends its users next.

use axum::response::Response;
use http::header::REFRESH;
use http::{HeaderValue, StatusCode};
use shared::identity::oauth::redirect_host;

use super::{document, escape};

/// Sends the browser to an address that was checked before.
pub(in crate::oauth) fn page(address: &str) -> Response {
    let (host, _) = redirect_host(address);
    let content = format!(
        "<h1>Back to your application</h1>\n<p>You are being sent on to <strong>{host}</strong>.</p>\n\
         <p><a href=\"{address}\">Go on, if nothing happens</a></p>",
        host = escape(&host),
        address = escape(address),
    );
    let mut response = document(StatusCode::OK, "Back to your application", &content);
    let onward = HeaderValue::from_str(&format!("0;url={address}"));
    response.headers_mut().extend(onward.ok().map(|onward| (REFRESH, onward)));
    response
}
