//! Errors as `application/problem+json` (RFC 9457), rendered and logged in one place.
//!
//! `detail` is also the member in which mem0's clients look for the message, so one shape serves both, although mem0's
//! clients need the content type of plain JSON: see `http::mem0`.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::{Error, Unauthenticated};
use crate::telemetry;

/// The content type of errors (RFC 9457, section 3).
pub(super) const PROBLEM: &str = "application/problem+json";

/// The body of an error.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    /// What happened this time. It comes first, because mem0's TypeScript client shows the raw body.
    detail: String,
    /// A stable name for the kind of error, relative to the API: `/problems/invalid`.
    r#type: String,
    /// The status in words.
    title: &'a str,
    /// The status.
    status: u16,
    /// The place in the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The id to quote when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Error {
    /// The HTTP status for this error.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::Missing(_) | Self::UnknownAddress(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) | Self::QuotaReached(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::LimitReached { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name of this kind of error.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::InsufficientScope { .. } => "insufficient-scope",
            Self::NotFound { .. } | Self::Missing(_) | Self::UnknownAddress(_) => "not-found",
            Self::Conflict(_) => "conflict",
            Self::TooLarge(_) => "too-large",
            Self::Encoded => "encoded",
            Self::LimitReached { .. } => "limit-reached",
            Self::QuotaReached(_) => "quota-reached",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the audit log records it: somebody was refused because of who they are or what they may have.
    fn is_worth_a_record(&self) -> bool {
        matches!(
            self,
            Self::Forbidden(_)
                | Self::InsufficientScope { .. }
                | Self::NotFound { .. }
                | Self::Missing(_)
                | Self::QuotaReached(_)
        )
    }

    /// What the audit log keeps of a refusal: no address of somebody who has no account, which nobody could erase there.
    fn on_record(&self) -> String {
        match self {
            Self::Missing(named) if named.contains('@') => "person not found".to_owned(),
            refusal => refusal.to_string(),
        }
    }

    /// Reports the error: a refusal to the audit log, a fault with its cause to the log. Whoever renders an error calls
    /// this once.
    pub fn log(&self) {
        if self.is_worth_a_record() {
            telemetry::refused(self.status().as_u16(), self.on_record());
        }
        if self.status().is_server_error() {
            telemetry::failed();
        }
        if self.lost_a_race() {
            telemetry::lost_race();
        }
        let request = telemetry::request_id().map(|id| id.to_string());
        match self {
            Self::Internal(cause) => {
                tracing::error!(request.id = request, error = chain(&**cause), "internal error");
            }
            Self::Unavailable { message, cause } => {
                let error = cause.as_ref().map(|cause| chain(&**cause));
                tracing::warn!(request.id = request, error, "{message}");
            }
            _ => {}
        }
    }
}

/// An error with its causes, outermost first.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let mut response = problem(
            status,
            self.kind(),
            self.to_string(),
            match &self {
                Self::Invalid { field, .. } => field.clone(),
                _ => None,
            },
        );
        let headers = response.headers_mut();
        match &self {
            Self::Unauthenticated(reason) => {
                let challenge = match reason {
                    Unauthenticated::Missing | Unauthenticated::Login => "Bearer realm=\"mem0\"",
                    Unauthenticated::Invalid => "Bearer realm=\"mem0\", error=\"invalid_token\"",
                    Unauthenticated::Expired => {
                        "Bearer realm=\"mem0\", error=\"invalid_token\", error_description=\"expired\""
                    }
                    Unauthenticated::Elsewhere(_) => {
                        "Bearer realm=\"mem0\", error=\"invalid_token\", error_description=\"for another resource\""
                    }
                };
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            Self::InsufficientScope { needed, .. } => {
                let scopes = needed.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().join(" ");
                let challenge =
                    format!("Bearer realm=\"mem0\", error=\"insufficient_scope\", scope=\"{scopes}\"");
                headers.extend(HeaderValue::from_str(&challenge).ok().map(|value| (WWW_AUTHENTICATE, value)));
            }
            Self::LimitReached { retry_after, .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
            }
            Self::Unavailable { .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

/// Renders a problem that has no `Error`, such as a method that is not allowed.
pub(super) fn problem(status: StatusCode, kind: &str, detail: String, field: Option<String>) -> Response {
    let request = telemetry::request_id().map(|id| id.to_string());
    problem_of(request, status, kind, detail, field)
}

/// Renders a problem for a request whose handling has already ended.
pub(crate) fn problem_of(
    request: Option<String>,
    status: StatusCode,
    kind: &str,
    detail: String,
    field: Option<String>,
) -> Response {
    let body = Problem {
        detail,
        r#type: format!("/problems/{kind}"),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        field,
        request_id: request,
    };
    let json = serde_json::to_vec(&body).unwrap_or_default();
    (status, [(CONTENT_TYPE, PROBLEM)], json).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;
    use crate::telemetry::RequestLog;

    /// The way MCP reports a failure, with status 200.
    #[tokio::test]
    async fn a_fault_is_noted_however_it_is_told() {
        for (error, fault) in [(Error::internal("broken"), true), (Error::Conflict("busy".to_owned()), false)]
        {
            let log = RequestLog::new(RequestId::generate());
            log.scope(async { error.log() }, |(), log| assert_eq!(log.failed(), fault)).await;
        }
        let log = RequestLog::new(RequestId::generate());
        let work = async {
            Error::internal("lost").log();
            telemetry::forget_failure();
        };
        log.scope(work, |(), log| assert!(!log.failed(), "it was begun again")).await;
    }

    #[test]
    fn addresses_are_told_and_not_recorded() {
        let missing = |named: &str| Error::Missing(named.to_owned()).on_record();
        assert_eq!(missing("person:mia@else.example"), "person not found");
        assert_eq!(missing("memory mem_1"), "memory mem_1 not found");
    }
}
