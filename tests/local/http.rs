//! A client that has read `demo.env`.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::installation::Installation;

/// A caller of a local installation, with the demo's API key.
pub(crate) struct Caller {
    http: Client,
    base: String,
    key: String,
}

impl Caller {
    pub(crate) fn new(installation: &Installation) -> Self {
        let demo = installation.demo();
        #[expect(clippy::disallowed_methods, reason = "a client from outside, not the product's own")]
        let http = Client::builder().build().unwrap();
        Self { http, base: demo["MEM0_URL"].clone(), key: demo["MEM0_API_KEY"].clone() }
    }

    /// Somebody with another API key.
    pub(crate) fn with_key(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }

    /// A request to be completed, with the API key as mem0's clients send it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("authorization", format!("Token {}", self.key))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        ok(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        ok(self.request(Method::POST, path).json(body)).await
    }
}

/// The JSON of a successful answer.
pub(crate) async fn ok(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let (url, status) = (response.url().clone(), response.status());
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{url} answered {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// The status of an answer.
pub(crate) async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}
