//! What gateways add to a request, and where they put it: payloads 2.0 (HTTP APIs, function URLs) and 1.0 (REST APIs).

use http::Uri;
use http::uri::PathAndQuery;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use crate::http::SourceIp;

/// Tells the routers the caller's address, and takes the stage out of the path.
pub(super) fn prepare(request: &mut lambda_http::Request) {
    let (ip, stage) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.http.source_ip.clone(), context.stage.clone())
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            (context.identity.source_ip.clone(), context.stage.clone())
        }
        _ => (None, None),
    };
    if let Some(ip) = ip {
        request.extensions_mut().insert(SourceIp(ip));
    }
    if let Some(stage) = stage.filter(|stage| stage != "$default")
        && let Some(uri) = without_stage(request.uri(), &stage)
    {
        *request.uri_mut() = uri;
    }
}

/// `/prod/v1/ping/` is `/v1/ping/` to a router, whatever the stage is called.
fn without_stage(uri: &Uri, stage: &str) -> Option<Uri> {
    let path = uri.path().strip_prefix('/')?.strip_prefix(stage)?;
    let path = match path {
        "" => "/",
        path if path.starts_with('/') => path,
        _ => return None,
    };
    let whole = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_taken_off_the_front_of_the_path_and_nowhere_else() {
        let cut = |uri: &str| without_stage(&uri.parse().unwrap(), "prod").map(|uri| uri.to_string());
        assert_eq!(cut("https://h/prod/v1/ping/?a=/prod/").as_deref(), Some("https://h/v1/ping/?a=/prod/"));
        assert_eq!(cut("/prod").as_deref(), Some("/"));
        assert_eq!(cut("/production/v1"), None);
        assert_eq!(cut("/v1/prod/x"), None);
    }
}
