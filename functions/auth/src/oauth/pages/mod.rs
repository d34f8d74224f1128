//! The pages that people see: plain HTML rendered here, without scripts or external resources.
//!
//! [`document`] wraps each of them with its style and security headers, which forbid framing, caching and referrers;
//! everything that comes from outside passes [`escape`].

pub(super) mod applications;
pub(super) mod consent;
pub(super) mod device;
mod failure;
pub(super) mod login;
pub(super) mod onward;
mod style;

use std::fmt::{self, Write as _};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use shared::access::{ApiKeyVerb, MCP};
use shared::identity::oauth::OAuthError;

use crate::oauth::applications::PATH;

/// An error page.
#[derive(Debug)]
pub(crate) struct Page {
    error: OAuthError,
    /// The URL that reports the error to the application, if the person follows it.
    way_back: Option<String>,
}

impl Page {
    /// Creates an error page with a link that reports the error to the application.
    pub(crate) fn with_way_back(error: OAuthError, address: String) -> Self {
        Self { error, way_back: Some(address) }
    }
}

impl From<OAuthError> for Page {
    fn from(error: OAuthError) -> Self {
        Self { error, way_back: None }
    }
}

impl From<super::refused::Refused> for Page {
    fn from(refused: super::refused::Refused) -> Self {
        refused.0.into()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        failure::page(self.error, self.way_back.as_deref())
    }
}

/// The button by which another account signs in, whatever is in the form.
const NOT_YOU: &str = "<p class=\"quiet\">Not you? <button class=\"link\" name=\"decision\" value=\"switch\" \
                       formnovalidate>Use another account</button></p>\n";

/// Where a person takes back what they allow now.
fn take_back() -> String {
    format!(
        "<p class=\"quiet\">You can take this back at any time, on the page <a href=\"{PATH}\" target=\"_blank\" \
         rel=\"noopener\">Your applications</a>.</p>"
    )
}

/// Text escaped for HTML, between tags or in a quoted attribute.
pub(super) struct Escaped<'a>(&'a str);

pub(super) fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A complete page. Its forms can submit only to this origin.
pub(super) fn document(status: StatusCode, title: &str, content: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · mem0</title>\n<style>{style}</style>\n\
         </head>\n<body>\n<main>\n<p class=\"brand\"><span class=\"mark\" aria-hidden=\"true\"></span>mem0</p>\n\
         {content}\n</main>\n</body>\n</html>\n",
        title = escape(title),
        style = style::CSS,
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        style::hash()
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.extend(HeaderValue::from_str(&policy).ok().map(|policy| (CONTENT_SECURITY_POLICY, policy)));
    response
}

/// Redirects the browser to a `GET` (303: the form's content is not sent along).
pub(super) fn see_other(address: &str) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    let mut response = (StatusCode::SEE_OTHER, headers).into_response();
    response.headers_mut().extend(HeaderValue::from_str(address).ok().map(|address| (LOCATION, address)));
    response
}

/// Tells programs too that a page is an answer to too many attempts.
pub(super) fn wait_for(mut page: Response, retry_after: Duration) -> Response {
    *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds(retry_after)));
    page
}

/// The time after which to try again.
pub(super) fn seconds(retry_after: Duration) -> u64 {
    retry_after.as_secs().max(1)
}

/// A notice above a question that is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// It is asked for the first time.
    None,
    /// Another account is signed in now than the one that the page was for.
    AccountChanged,
    /// Somebody agreed to nothing.
    NothingSelected,
}

impl Notice {
    fn html(self) -> &'static str {
        match self {
            Self::None => "",
            Self::AccountChanged => {
                "<p class=\"alarm\" role=\"alert\">Another account is signed in by now. Look at it, and answer \
                 again.</p>\n"
            }
            Self::NothingSelected => {
                "<p class=\"alarm\" role=\"alert\">Choose at least one, or cancel.</p>\n"
            }
        }
    }

    fn status(self) -> StatusCode {
        if self == Self::NothingSelected { StatusCode::BAD_REQUEST } else { StatusCode::OK }
    }
}

/// Describes where a token would be valid: at the endpoint for AI tools, or everywhere.
pub(super) fn resource(resource: &str) -> String {
    let what = if resource.ends_with(MCP) { "AI tools only (MCP)" } else { "the whole API" };
    format!("{what}: {}", escape(resource))
}

/// Checkboxes by which scopes can be deselected.
pub(super) fn boxes(scopes: &[ApiKeyVerb], selected: bool) -> String {
    let mut boxes = String::new();
    let checked = if selected { " checked" } else { "" };
    for verb in scopes {
        let (title, detail) = meaning(*verb);
        let _ = writeln!(
            boxes,
            "<label class=\"scope\"><input type=\"checkbox\" name=\"scope\" value=\"{}\"{checked}>\
             <span><strong>{title}</strong><small>{detail}</small></span></label>",
            verb.as_str()
        );
    }
    boxes
}

/// Explains a scope to people.
fn meaning(verb: ApiKeyVerb) -> (&'static str, &'static str) {
    match verb {
        ApiKeyVerb::MemoriesRead => {
            ("Search and read memories", "Everything that you can see: yours, and your teams’.")
        }
        ApiKeyVerb::MemoriesWrite => ("Add, change and delete memories", "Wherever you may do so yourself."),
        ApiKeyVerb::TenancyRead => {
            ("See your organization", "Its teams and their members, as far as you see them.")
        }
        ApiKeyVerb::TenancyWrite => {
            ("Change your organization", "Its teams, members and invitations, where you may do so yourself.")
        }
        ApiKeyVerb::AuditRead => ("Read the audit log", "Who did what, where you may read that yourself."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let text = escape("<script>alert('x')</script> \"&\"").to_string();
        assert_eq!(text, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;&amp;&quot;");
    }
}
