//! CORS (the Fetch standard): which pages of other origins a browser lets read responses.
//!
//! A browser never adds a credential on its own, such as a cookie: a page brings its own, in a header. So a page can do
//! what any program can, and nothing in the name of the person viewing it.

use std::time::Duration;

use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may cache a preflight response; browsers limit it to two hours or less.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// Response headers that a page may read: where to get a token, when to retry, and the request id to quote.
const EXPOSED: [HeaderName; 3] = [WWW_AUTHENTICATE, RETRY_AFTER, HeaderName::from_static("x-request-id")];

/// Allows pages of every origin: for public data, and for routes protected only by a credential that the caller brings.
pub fn every_page() -> CorsLayer {
    pages(AllowOrigin::any())
}

/// Allows pages of the origins that satisfy the predicate.
pub fn pages_of(known: impl Fn(&HeaderValue) -> bool + Clone + Send + Sync + 'static) -> CorsLayer {
    pages(AllowOrigin::predicate(move |origin, _| known(origin)))
}

fn pages(origins: AllowOrigin) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins)
        // `DELETE` is taken nowhere, but older MCP clients end their sessions with it, and read that there are none.
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        // Any request header: protocols add new ones.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(KEPT)
}
