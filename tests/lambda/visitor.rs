//! A client with ordinary HTTP.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use shared::access::ApiKeyVerb;

use crate::harness::Answer;

/// A caller from outside, with or without a credential.
#[derive(Clone)]
pub(crate) struct Visitor {
    http: Client,
    base: String,
    token: Option<String>,
}

impl Visitor {
    /// A stranger who finds `host` at `address`.
    pub(crate) fn new(host: &str, address: SocketAddr) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a client from outside, not the product's own")]
        let http = Client::builder().resolve(host, address).build().unwrap();
        Self { http, base: format!("http://{host}"), token: None }
    }

    /// A stranger who knows a base URL.
    pub(crate) fn at(base: &str) -> Self {
        Self { http: Client::default(), base: base.to_owned(), token: None }
    }

    /// The same person with this credential.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Registers the owner of a new enterprise; the same person, logged in.
    pub(crate) async fn register(&self, name: &str) -> Self {
        let account = json!({
            "email": format!("{name}@{name}.example"), "password": password(name), "name": name,
            "enterprise_name": format!("{name} Ltd"),
        });
        let session = self.post("/v1/auth/register", account).await.assert_status(201).json();
        self.with_token(session["access_token"].as_str().unwrap())
    }

    /// A new API key of theirs that may do this.
    pub(crate) async fn api_key(&self, name: &str, verbs: &[ApiKeyVerb]) -> String {
        let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
        let key = self.post("/v1/api-keys", json!({ "name": name, "scopes": verbs })).await;
        key.assert_status(201).json()["key"].as_str().unwrap().to_owned()
    }

    /// Calls an MCP tool; its structured answer.
    pub(crate) async fn call_tool(&self, name: &str, arguments: Value) -> Value {
        let params = json!({
            "name": name, "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "1" },
            },
        });
        let request = self
            .request(Method::POST, "/mcp")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", name)
            .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }));
        let answer = self.send(request).await;
        let result = &answer.assert_status(200).json()["result"];
        assert_eq!(result["isError"], false, "{answer}");
        result["structuredContent"].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A request to be completed, with the credential.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let url = request.url();
        // As the installation knows it: an emulated gateway has addresses of its own before it.
        let address = url.as_str().strip_prefix(&self.base).unwrap_or(url.path());
        let line = format!("{} {address}", request.method());
        let response = self.http.execute(request).await.unwrap();
        Answer::read(line, http::Response::<reqwest::Body>::from(response)).await
    }
}

/// That person's password.
pub(crate) fn password(name: &str) -> String {
    format!("{name} keeps 7 grey herons")
}
