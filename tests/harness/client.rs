//! How callers make requests.

use axum::body::Body;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde_json::Value;
use shared::http::SourceIp;
use tower::ServiceExt as _;

use super::{Answer, TestApp};

/// Somebody who can call the application.
pub(crate) trait Client {
    /// The application that they call.
    fn app(&self) -> &TestApp;

    /// The value of their `Authorization` header.
    fn authorization(&self) -> Option<String>;

    /// The IP address they call from, if it matters to the test.
    fn address(&self) -> Option<String> {
        None
    }

    /// Sends a request unchanged, with their credential unless it has one.
    async fn send(&self, mut request: Request<Body>) -> Answer {
        if let Some(value) = self.authorization()
            && !request.headers().contains_key(AUTHORIZATION)
        {
            request.headers_mut().insert(AUTHORIZATION, value.parse().unwrap());
        }
        if let Some(address) = self.address() {
            request.extensions_mut().insert(SourceIp(address));
        }
        let line = format!("{} {}", request.method(), request.uri());
        let response = self.app().router().oneshot(request).await.unwrap();
        Answer::read(line, response).await
    }

    /// Sends a request with a JSON body, or with the same as a form where a form is expected.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        // MCP requires both headers; everything else ignores them.
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "mem0.test")
            .header(ACCEPT, "application/json, text/event-stream");
        let takes_form = path.starts_with("/oauth/") && path != "/oauth/register";
        if body.is_some() {
            let kind = if takes_form { "application/x-www-form-urlencoded" } else { "application/json" };
            request = request.header(CONTENT_TYPE, kind);
        }
        let body = body.map(|body| if takes_form { form(body) } else { body.to_string() });
        let body = body.map_or_else(Body::empty, Body::from);
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(&body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(&body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }
}

/// Encodes an object as a form; lists become repeated parameters.
pub(crate) fn form(object: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in object.as_object().into_iter().flatten() {
        for value in value.as_array().unwrap_or(&vec![value.clone()]) {
            form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
        }
    }
    form.finish()
}
