//! Web pages of other origins (CORS, the Fetch standard): which of them a browser lets read what they ask for.
//!
//! Nothing here lets a browser add a credential by itself, a cookie for instance: a page brings its own, in a header. So a
//! page can do what any program can, and nothing in the name of whoever looks at it.

use std::time::Duration;

use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may keep what a preflight was answered; browsers cut it to two hours and less.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// What a page may read besides the body: where to get a token, and what to tell whoever looks for the cause.
const EXPOSED: [HeaderName; 3] = [WWW_AUTHENTICATE, RETRY_AFTER, HeaderName::from_static("x-request-id")];

/// Pages of every origin: for what is public, and for what is secured by nothing but what its caller brings.
pub fn every_page() -> CorsLayer {
    pages(AllowOrigin::any())
}

/// Pages of the origins for which this is true.
pub fn pages_of(known: impl Fn(&HeaderValue) -> bool + Clone + Send + Sync + 'static) -> CorsLayer {
    pages(AllowOrigin::predicate(move |origin, _| known(origin)))
}

fn pages(origins: AllowOrigin) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        // Whatever they add to a request: protocols grow headers.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(KEPT)
}
