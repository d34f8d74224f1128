//! What gateways add to a request, and where they put it: payloads 2.0 (HTTP APIs, function URLs) and 1.0 (REST APIs).
//!
//! The path of payload 2.0 begins with the stage where API Gateway is reached by its own address, otherwise and in 1.0 it does not;
//! `lambda_http` adds it unless it seems to be there already. Answers go back with each header once: what `lambda_http` writes
//! has room for one value.

use http::header::SET_COOKIE;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Response, Uri};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use super::edge::Edge;
use crate::error::Error;
use crate::http::SourceIp;

/// Tells the routers the caller's address, and takes the stage out of the path. Refuses whoever came past the edge.
pub(super) fn prepare(request: &mut lambda_http::Request, edge: &Edge) -> Result<(), Error> {
    let viewer = edge.viewer(request.headers_mut())?;
    let (ip, stage) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            // A domain of one's own has a stage, too, but not in its paths.
            let stage = context.stage.clone().filter(|_| is_own(context.domain_name.as_deref()));
            (context.http.source_ip.clone(), stage)
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            (context.identity.source_ip.clone(), context.stage.clone())
        }
        _ => (None, None),
    };
    if let Some(ip) = viewer.or(ip) {
        request.extensions_mut().insert(SourceIp(ip));
    }
    let sent = request.raw_http_path().to_owned();
    let path = match (request.request_context_ref(), stage.as_deref()) {
        (Some(RequestContext::ApiGatewayV2(_)), Some(stage)) if stage != "$default" => {
            without_stage(&sent, stage)
        }
        (Some(RequestContext::ApiGatewayV1(_) | RequestContext::ApiGatewayV2(_)), _) => Some(sent.as_str()),
        _ => None,
    };
    if let Some(path) = path.filter(|path| *path != request.uri().path())
        && let Some(uri) = with_path(request.uri(), path)
    {
        *request.uri_mut() = uri;
    }
    Ok(())
}

/// Makes one value of a header's several (RFC 9110, 5.3); cookies, which must not be joined, have a place of their own.
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

/// Whether a domain is API Gateway's own name for an API.
fn is_own(domain: Option<&str>) -> bool {
    domain.is_some_and(|domain| domain.contains(".execute-api."))
}

/// `/prod/v1/ping/` is `/v1/ping/` to a router, whatever the stage is called.
fn without_stage<'a>(path: &'a str, stage: &str) -> Option<&'a str> {
    match path.strip_prefix('/')?.strip_prefix(stage)? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let whole = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
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

    #[test]
    fn a_stage_is_taken_off_the_front_of_the_path_and_nowhere_else() {
        let cut = |path| without_stage(path, "prod");
        assert_eq!(cut("/prod/v1/ping/"), Some("/v1/ping/"));
        assert_eq!(cut("/prod"), Some("/"));
        assert_eq!(cut("/production/v1"), None);
        assert_eq!(cut("/v1/prod/x"), None);
        let uri = "https://h/prod/v1/ping/?a=/prod/".parse().unwrap();
        assert_eq!(with_path(&uri, "/v1/ping/").unwrap(), "https://h/v1/ping/?a=/prod/");
    }
}
