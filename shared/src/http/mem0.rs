//! What mem0's clients expect of an error, and which parts of mem0's API are absent here.
//!
//! Their Python client looks for `detail` only in a body of type `application/json`; of any other body, its exceptions
//! show the whole text. So wherever these clients call, the same body is sent with that type. Which exception they
//! raise depends on the status, which `Error::status` takes into account.

use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::problem::PROBLEM;
use crate::error::Error;

/// Where to read more.
const GUIDE: &str = "see docs/guides/mem0-clients.md";

/// Gives an error response the content type that callers of this path expect.
pub(crate) fn dress(path: &str, response: &mut Response) {
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if is_problem && is_called(path) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}

/// Whether mem0's clients call paths like this one.
fn is_called(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("v2" | "v3" | "api"), _) => true,
        (Some("v1"), Some(noun)) => [
            "batch", "entities", "event", "events", "exports", "feedback", "memories", "ping", "stats",
            "summary",
        ]
        .contains(&noun),
        _ => false,
    }
}

/// The error for a request for something that mem0 has and this installation does not; `None` if mem0 does not have it
/// either.
pub(super) fn absent(method: &Method, path: &str) -> Option<Error> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let older = |instead: &str| {
        format!("mem0's older routes are not part of this installation, use {instead}: {GUIDE}")
    };
    let missing = |what: &str| format!("{what} are not part of this installation, {GUIDE}");
    let said = match (method, segments.as_slice()) {
        (_, ["v1", "exports", ..]) => missing("exports"),
        (_, ["v1", "summary", ..]) => missing("summaries"),
        (_, ["v2", "profiles", ..] | ["v2", "entities", _, _, "profile"]) => missing("profiles"),
        (_, ["api", "v1", "orgs", ..]) => missing("mem0's projects and their members"),
        (_, ["api", "v1", "webhooks", ..]) => missing("webhooks"),
        (&Method::POST, ["v1", "memories"]) => older("POST /v3/memories/add/"),
        (&Method::POST, ["v1" | "v2", "memories", "search"]) => older("POST /v3/memories/search/"),
        (&Method::GET, ["v1", "memories"]) | (&Method::POST, ["v2", "memories"]) => {
            older("POST /v3/memories/")
        }
        _ => return None,
    };
    Some(Error::UnknownAddress(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mem0s_addresses_are_told_from_ours() {
        for path in
            ["/v1/ping/", "/v3/memories/add/", "/v2/entities/user/a/", "/v1/event/x/", "/api/v1/webhooks/1/"]
        {
            assert!(is_called(path), "{path}");
        }
        for path in ["/v1/approvals/", "/v1/organizations", "/mcp", "/", "", "/v1", "/v1/pings/"] {
            assert!(!is_called(path), "{path}");
        }
    }

    #[test]
    fn what_is_absent_is_named_and_what_is_there_is_not() {
        let said =
            |method: &Method, path| absent(method, path).map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(
            said(&Method::POST, "/v1/exports/get/"),
            "exports are not part of this installation, see docs/guides/mem0-clients.md"
        );
        assert!(said(&Method::GET, "/v2/entities/user/a/profile/").starts_with("profiles are"));
        assert!(said(&Method::POST, "/v1/memories/").contains("use POST /v3/memories/add/:"));
        for (method, path) in
            [(Method::DELETE, "/v1/memories/"), (Method::GET, "/v1/memories/x/"), (Method::GET, "/")]
        {
            assert_eq!(said(&method, path), "", "{path}");
        }
    }
}
