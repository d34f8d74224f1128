//! An HTTP API in front of several functions: routes by path prefix, and the gateway's own answers.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::{Function, HttpEvent, InvokeError, RequestSource};

/// The largest request body that an HTTP API accepts, in bytes.
pub(crate) const BODY_LIMIT: usize = 10 << 20;

/// A route table. Clones share the functions.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    routes: Vec<(Vec<String>, Function)>,
}

impl Gateway {
    /// Creates a gateway without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends paths equal to `prefix` or below it to `function`. The longest matching prefix wins; of equally long
    /// ones, that with fewer variables. `/` takes the rest. A prefix matches whole segments: `/mcp` takes `/mcp` and
    /// `/mcp/x`, not `/mcpx`; `{id}` matches any one segment.
    #[must_use]
    pub fn route(mut self, prefix: &str, function: Function) -> Self {
        self.routes.push((segments(prefix).map(str::to_owned).collect(), function));
        let literal = |segment: &&String| !is_variable(segment);
        self.routes.sort_by_key(|(prefix, _)| {
            std::cmp::Reverse((prefix.len(), prefix.iter().filter(literal).count()))
        });
        self
    }

    /// Answers one request with the function's reply, or with the gateway's own answer in its place.
    ///
    /// Failures of a function are in its [`Function::output`]; the client learns only what it would from AWS.
    pub async fn handle(&self, request: &Request<Bytes>, source: RequestSource) -> Response<Bytes> {
        let Some(function) = self.function_for(request.uri().path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if request.body().len() > BODY_LIMIT {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        let event = HttpEvent::new(request, &source);
        let mut response = match function.invoke_http(&event).await {
            Ok(response) => response,
            Err(InvokeError::EventTooLarge { .. }) => {
                message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
            }
            Err(InvokeError::TimedOut(_)) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            Err(_) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        };
        if let Ok(id) = HeaderValue::from_str(event.request_id()) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    fn function_for(&self, path: &str) -> Option<&Function> {
        let below = |prefix: &[String]| {
            let mut path = segments(path);
            prefix.iter().all(|segment| path.next().is_some_and(|is| is == segment || is_variable(segment)))
        };
        self.routes.iter().find(|(prefix, _)| below(prefix)).map(|(_, function)| function)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Returns one of the gateway's own answers.
pub(crate) fn message(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(serde_json::json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpawnOptions;

    #[test]
    fn the_longest_prefix_of_whole_segments_wins() {
        let function = |name: &str| Function::new(SpawnOptions::new(name, "/nowhere"));
        let gateway = Gateway::new()
            .route("/v1", function("memories"))
            .route("/v1/auth/", function("auth"))
            .route("/v1/{kind}/keys", function("keys"))
            .route("/mcp", function("mcp"));
        let name = |path| gateway.function_for(path).map(|function| function.name().to_owned());
        assert_eq!(name("/v1/memories/"), Some("memories".into()));
        assert_eq!(name("/v1/auth"), Some("auth".into()));
        assert_eq!(name("/v1/auth/login"), Some("auth".into()));
        assert_eq!(name("/v1/authors"), Some("memories".into()));
        assert_eq!(name("/v1/auth/keys/1"), Some("keys".into()));
        assert_eq!(name("/mcp"), Some("mcp".into()));
        assert_eq!(name("/mcpx"), None);
        assert_eq!(name("/"), None);
        let gateway = gateway.route("/", function("rest"));
        assert_eq!(gateway.function_for("/mcpx").map(Function::name), Some("rest"));
    }
}
