//! The size limit of a response: a function hands Lambda JSON that contains the response body as a string.
//!
//! For a larger one, Lambda itself would answer with a bare 5xx that does not say what to do.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;

use crate::error::Error;
use crate::http::problem_of;

/// The limit of Lambda, in bytes.
const LARGEST: usize = 6_291_556;
/// The share of that for status and headers.
const HEAD: usize = 32 * 1024;

/// Returns the response, or an error that says what to do if it is too large.
pub(super) async fn fit(response: Response) -> Response {
    // In a string, a byte takes at most six: `\u0001`.
    if response.size_hint().exact().is_some_and(|bytes| bytes <= (LARGEST - HEAD) as u64 / 6) {
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
    // The log line of the request keeps the original status.
    tracing::warn!(request.id = request, bytes, "the answer is larger than Lambda takes");
    #[allow(clippy::cast_precision_loss, reason = "megabytes")]
    let megabytes = bytes as f64 / 1e6;
    let detail = format!(
        "the answer would have {megabytes:.1} MB, and 6.2 are the most: ask for less, with a smaller page_size, limit, \
         top_k or per_level, or with fewer fields"
    );
    let error = Error::malformed(detail);
    let mut refusal = problem_of(request, error.status(), error.kind(), error.to_string(), None);
    // Keeps headers about the request and its rate limits, but not those about the body.
    for (name, value) in &head.headers {
        if !refusal.headers().contains_key(name) && !name.as_str().starts_with("content-") {
            refusal.headers_mut().append(name, value.clone());
        }
    }
    refusal
}

/// The size of a body in transit: text with its quotes escaped, anything else in base64.
fn carried(body: &Bytes, kind: &str) -> usize {
    if kind.starts_with("text/") || kind.starts_with("application/json") || kind.contains("+json") {
        let more = |byte: &u8| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
            0..=31 => 5,
            _ => 0,
        };
        body.len() + body.iter().map(more).sum::<usize>()
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
        // A quote takes two bytes in transit.
        assert_eq!(fitted("application/problem+json", megabytes(3, "\"")).await, StatusCode::OK);
        assert_eq!(fitted("application/json", megabytes(4, "\"")).await, StatusCode::BAD_REQUEST);
        assert_eq!(fitted("application/x-ndjson", megabytes(4, "\"")).await, StatusCode::OK);
        assert_eq!(fitted("application/x-ndjson", megabytes(5, "a")).await, StatusCode::BAD_REQUEST);
        // A control character takes six.
        assert_eq!(fitted("text/csv", megabytes(3, "\n")).await, StatusCode::OK);
        assert_eq!(fitted("text/csv", megabytes(2, "\u{1}")).await, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_refusal_keeps_what_is_not_about_the_body() {
        let response = ([("x-request-id", "req_1"), ("content-type", "text/csv")], "a".repeat(7_000_000));
        let refusal = fit(response.into_response()).await;
        assert_eq!(refusal.headers()["x-request-id"], "req_1");
        assert_eq!(refusal.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
