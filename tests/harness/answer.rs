//! Answers.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::snapshot;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The request for assertion messages, such as `GET /v1/ping/`.
    request: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read<B>(request: String, response: Response<B>) -> Self
    where
        B: axum::body::HttpBody<Error: std::fmt::Debug>,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { request, status: head.status, headers: head.headers, body }
    }

    /// Returns a header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self} is not JSON: {error}"))
    }

    /// Returns the body as JSON for snapshots, with ids and the like replaced by their kind and order of occurrence.
    #[track_caller]
    pub(crate) fn snapshot(&self) -> Value {
        snapshot::stable(self.json())
    }

    /// Asserts the status; the message shows the body.
    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// Asserts success (2xx) and returns the JSON; null if there is no body.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{self}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Whether mem0's clients use this path: they read an error only if its content type is plain JSON.
    fn is_mem0s(&self) -> bool {
        let path = self.request.split(' ').nth(1).unwrap_or_default();
        let first =
            ["/v2/", "/v3/", "/api/", "/v1/memories/", "/v1/entities/", "/v1/batch/", "/v1/feedback/"];
        let rest = ["/v1/ping/", "/v1/event/", "/v1/events/", "/v1/stats/", "/v1/exports/", "/v1/summary/"];
        let path = format!("{}/", path.split('?').next().unwrap_or_default());
        first.into_iter().chain(rest).any(|start| path.starts_with(start))
    }

    /// Asserts a well-formed problem (RFC 9457) of that status, kind and field, and returns its detail.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, kind: &str, field: Option<&str>) -> String {
        assert_eq!(self.status.as_u16(), status, "{self}");
        let name = if self.is_mem0s() { "application/json" } else { "application/problem+json" };
        assert_eq!(self.header("content-type"), Some(name), "{self}");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{self}");
        assert_eq!(problem["status"], status, "{self}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{self}");
        assert_eq!(problem["field"].as_str(), field, "{self}");
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401, "{self}");
        assert_eq!(self.headers.contains_key("retry-after"), status == 429 || status == 503, "{self}");
        let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.is_empty() && !detail.ends_with('.'), "a detail without a full stop: {self}");
        detail
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered {} {}", self.request, self.status, String::from_utf8_lossy(&self.body))
    }
}
