//! The path of a request as the client sent it, which every gateway passes on differently.
//!
//! - **HTTP APIs** (payload 2.0) decode it: `a%2520b` arrives as `a%20b`, which a router would decode again, so it is
//!   encoded again here. Whether they leave a percent sign encoded is unclear (reports differ), so `%25` is ambiguous.
//! - **Function URLs** (payload 2.0 as well) and **REST APIs** (1.0) leave it unchanged.
//!
//! The path of payload 2.0 begins with the stage if API Gateway is reached by its own address; in other cases, and in
//! 1.0, it does not. `lambda_http` adds the stage unless it seems to be there already.

use std::borrow::Cow;

use http::Uri;
use http::uri::PathAndQuery;
use lambda_http::RequestExt as _;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// Characters that must be encoded in a path (RFC 3986, 3.3), including `%`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Restores the path that the client requested, without the stage. Refuses an ambiguous one.
pub(super) fn restore(request: &mut lambda_http::Request) -> Result<(), Error> {
    let raw = request.raw_http_path();
    let (path, decoded) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            let bare = without_stage(raw, context).unwrap_or(raw);
            let decoded = !is_function_url(context);
            (if decoded { encoded(bare)? } else { Cow::from(bare) }, decoded)
        }
        Some(RequestContext::ApiGatewayV1(_)) => (Cow::from(raw), false),
        _ => return Ok(()),
    };
    let query = if decoded && raw.contains(['?', '#']) {
        // `lambda_http` took what follows these characters for a query or a fragment.
        request.query_string_parameters_ref().map(|query| Cow::from(query.to_query_string()))
    } else {
        request.uri().query().map(Cow::from)
    };
    if let Some(uri) = with(request.uri(), &path, query.as_deref()) {
        *request.uri_mut() = uri;
    }
    Ok(())
}

/// Encodes a path that was decoded. Refuses `%25`, whose original form is unknown.
fn encoded(path: &str) -> Result<Cow<'_, str>, Error> {
    if path.contains("%25") {
        let message = "API Gateway does not tell what an encoded percent sign in a path stands for: name it in the query, as \
                       in DELETE /v1/memories/?user_id=…";
        return Err(Error::malformed(message));
    }
    Ok(utf8_percent_encode(path, ENCODED).into())
}

/// Removes the stage: `/prod/v1/ping/` is `/v1/ping/` to a router, whatever the stage is called.
fn without_stage<'a>(path: &'a str, context: &ApiGatewayV2httpRequestContext) -> Option<&'a str> {
    // A custom domain has a stage, too, but not in its paths.
    let own = context.domain_name.as_deref()?.contains(".execute-api.");
    let stage = context.stage.as_deref().filter(|stage| own && *stage != "$default")?;
    match path.strip_prefix('/')?.strip_prefix(stage)? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

fn is_function_url(context: &ApiGatewayV2httpRequestContext) -> bool {
    context.domain_name.as_deref().is_some_and(|domain| domain.contains(".lambda-url."))
}

fn with(uri: &Uri, path: &str, query: Option<&str>) -> Option<Uri> {
    let whole = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(domain: &str, stage: &str) -> ApiGatewayV2httpRequestContext {
        let mut context = ApiGatewayV2httpRequestContext::default();
        (context.domain_name, context.stage) = (Some(domain.to_owned()), Some(stage.to_owned()));
        context
    }

    #[test]
    fn a_stage_is_taken_off_the_front_of_the_path_and_nowhere_else() {
        let cut = |path| without_stage(path, &context("x.execute-api.eu-central-1.amazonaws.com", "prod"));
        assert_eq!(cut("/prod/v1/ping/"), Some("/v1/ping/"));
        assert_eq!(cut("/prod"), Some("/"));
        assert_eq!(cut("/production/v1"), None);
        assert_eq!(cut("/v1/prod/x"), None);
        assert_eq!(without_stage("/prod/v1", &context("api.mem0.test", "prod")), None);
    }

    #[test]
    fn what_was_decoded_is_encoded_again_unless_it_could_mean_two_things() {
        assert_eq!(encoded("/v1/mem-ories/a:b@c,(d)/").unwrap(), "/v1/mem-ories/a:b@c,(d)/");
        assert_eq!(encoded("/a b/ü?#%20%").unwrap(), "/a%20b/%C3%BC%3F%23%2520%25");
        assert!(matches!(encoded("/a%25b"), Err(Error::Invalid { .. })));
    }

    #[test]
    fn a_query_stays_what_it_was() {
        let uri = "https://h/prod/v1/ping/?a=/prod/".parse().unwrap();
        assert_eq!(with(&uri, "/v1/ping/", uri.query()).unwrap(), "https://h/v1/ping/?a=/prod/");
    }
}
