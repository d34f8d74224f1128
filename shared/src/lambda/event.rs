//! What gateways add to a request, and where they put it: payloads 2.0 (HTTP APIs, function URLs) and 1.0 (REST APIs).
//!
//! Paths are handled separately ([`super::path`]). A response has each header only once: the output of `lambda_http`
//! has room for one value.

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, Response};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use super::edge::{self, Edge};
use super::path;
use crate::error::Error;
use crate::http::SourceIp;

/// Gives the routers the client's address, the requested host, and the original path. Refuses requests that bypassed
/// the edge.
pub(super) fn prepare(request: &mut lambda_http::Request, edge: &Edge, public: &str) -> Result<(), Error> {
    let viewer = edge.viewer(request.headers_mut())?;
    let (ip, gateway) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.http.source_ip.clone(), context.domain_name.clone())
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            (context.identity.source_ip.clone(), context.domain_name.clone())
        }
        _ => (None, None),
    };
    edge::address_publicly(request.headers_mut(), gateway.as_deref(), public);
    if let Some(ip) = viewer.or(ip) {
        request.extensions_mut().insert(SourceIp(ip));
    }
    path::restore(request)
}

/// The response to a request that is not routed.
pub(super) fn refusal(error: Error) -> Response<Body> {
    tracing::warn!(%error, "a request was refused before it was routed");
    error.into_response()
}

/// Joins the values of a repeated header (RFC 9110, 5.3). Cookies, which must not be joined, have a place of their own.
pub(super) fn finish<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    let repeated: Vec<HeaderName> = headers
        .keys()
        .filter(|name| **name != SET_COOKIE && headers.get_all(*name).iter().nth(1).is_some())
        .cloned()
        .collect();
    for name in repeated {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            headers.insert(name, joined);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_goes_back_once_and_every_cookie() {
        let mut response = Response::new(());
        for (name, value) in [
            ("vary", "origin"),
            ("vary", "accept"),
            ("age", "1"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        let headers = finish(response).into_parts().0.headers;
        let all = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("vary"), ["origin, accept"]);
        assert_eq!(all("age"), ["1"]);
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    }
}
