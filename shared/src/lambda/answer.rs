//! How large an answer may be: what a function hands to Lambda, which is JSON with the answer's body as a string in it.
//!
//! Lambda itself would answer a larger one with a bare 5xx, and nobody would know what to do about it.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;

use crate::error::Error;
use crate::http::problem_of;

/// What Lambda takes.
const LARGEST: usize = 6_291_556;
/// Of that, for status and headers.
const HEAD: usize = 32 * 1024;

/// The answer, or what to do about one that is too large.
pub(super) async fn fit(response: Response) -> Response {
    // As strings go, a byte becomes two at most.
    if response.size_hint().exact().is_some_and(|bytes| bytes <= (LARGEST - HEAD) as u64 / 2) {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Error::internal(error).into_response(),
    };
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bytes = carried(&body, kind);
    if bytes <= LARGEST - HEAD {
        return Response::from_parts(head, Body::from(body));
    }
    let request = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    // The log line of the request has the status that it would have had.
    tracing::warn!(request.id = request, bytes, "the answer is larger than Lambda takes");
    #[allow(clippy::cast_precision_loss, reason = "megabytes")]
    let megabytes = bytes as f64 / 1e6;
    let detail = format!(
        "the answer would have {megabytes:.1} MB, and 6.2 are the most: ask for less, with a smaller page_size, limit or \
         top_k, or with fewer fields"
    );
    let error = Error::malformed(detail);
    let mut refusal = problem_of(request, error.status(), error.kind(), error.to_string(), None);
    // Who it was for, and how they stand: not what it was.
    for (name, value) in &head.headers {
        if !refusal.headers().contains_key(name) && !name.as_str().starts_with("content-") {
            refusal.headers_mut().append(name, value.clone());
        }
    }
    refusal
}

/// How many bytes a body has on its way: texts with their quotes escaped, anything else in base64.
fn carried(body: &Bytes, kind: &str) -> usize {
    if kind.starts_with("text/") || kind.starts_with("application/json") || kind.contains("+json") {
        body.len() + body.iter().filter(|byte| matches!(byte, b'"' | b'\\' | 0..=31)).count()
    } else {
        body.len().div_ceil(3) * 4
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    async fn fitted(kind: &'static str, body: String) -> StatusCode {
        let response = ([(CONTENT_TYPE, kind), (http::header::SERVER, "x")], body).into_response();
        fit(response).await.status()
    }

    #[tokio::test]
    async fn an_answer_is_as_large_as_lambda_carries_it() {
        let megabytes = |millions: usize, text: &str| text.repeat(millions * 1_000_000 / text.len());
        assert_eq!(fitted("application/json", megabytes(6, "a")).await, StatusCode::OK);
        assert_eq!(fitted("application/json", megabytes(7, "a")).await, StatusCode::BAD_REQUEST);
        // A quote is two bytes on its way.
        assert_eq!(fitted("application/problem+json", megabytes(3, "\"")).await, StatusCode::OK);
        assert_eq!(fitted("application/json", megabytes(4, "\"")).await, StatusCode::BAD_REQUEST);
        assert_eq!(fitted("application/x-ndjson", megabytes(4, "\"")).await, StatusCode::OK);
        assert_eq!(fitted("application/x-ndjson", megabytes(5, "a")).await, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_refusal_keeps_what_is_not_about_the_body() {
        let response = ([("x-request-id", "req_1"), ("content-type", "text/csv")], "a".repeat(7_000_000));
        let refusal = fit(response.into_response()).await;
        assert_eq!(refusal.headers()["x-request-id"], "req_1");
        assert_eq!(refusal.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
