//! A client of the public API, called in process.

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

/// A client of the router, with or without a credential.
#[derive(Clone)]
pub(super) struct Api {
    router: Router,
    token: Option<String>,
}

impl Api {
    pub(super) fn anonymous(router: &Router) -> Self {
        Self { router: router.clone(), token: None }
    }

    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { router: self.router.clone(), token: Some(token.to_owned()) }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        expect_success(path, self.send(Method::GET, path, None).await?)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        expect_success(path, self.try_post(path, body).await?)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        expect_success(path, self.send(Method::DELETE, path, None).await?).map(drop)
    }

    /// Posts and also returns the status: some steps recognize by a refusal that they were done before.
    pub(super) async fn try_post(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
        let response = self.router.clone().oneshot(request.body(body)?).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 16 << 20).await?;
        let value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).context("answer is not JSON")?
        };
        Ok((status, value))
    }
}

fn expect_success(path: &str, (status, value): (StatusCode, Value)) -> Result<Value> {
    if !status.is_success() {
        bail!("{path} answered {status}: {}", value["detail"].as_str().unwrap_or_default());
    }
    Ok(value)
}

/// Returns a string that an answer must contain.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("the answer has no {pointer}"))
}
