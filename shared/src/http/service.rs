//! The layers around every function's routes: request id, timeout, body limit, panic guard, one log line.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::handler::Handler as _;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, StatusCode, Uri};

use super::problem::problem;
use super::rates::{InstallationLimit, Rates};
use super::resource::Resource;
use super::{Json, Routes};
use super::{again, cors, mem0};
use crate::access::{Gate, MCP, RequestInfo};
use crate::audit::refusal::Witness;
use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::error::{Error, Result};
use crate::ids::RequestId;
use crate::limits::Limiter;
use crate::metrics;
use crate::telemetry::RequestLog;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps a router. Apply it once, outermost.
pub fn service(router: Router, clock: Clock, limits: LimitsConfig) -> Router {
    router
        // Clients look for metadata in several places: those in a browser, too, must see that there is nothing.
        .fallback(nothing_here.layer(cors::every_page()))
        .method_not_allowed_fallback(not_taken)
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(Extension(InstallationLimit(limits.body_bytes)))
        .layer(middleware::from_fn_with_state((clock, limits, Limiter::default()), observe))
}

async fn nothing_here(method: Method, uri: Uri) -> Error {
    let nothing = || {
        // Where every path has one function, `/mcp/` ends up in another one than `/mcp`.
        let said = match uri.path().strip_suffix('/') {
            Some(MCP) => "the MCP endpoint is /mcp, without a slash at the end",
            _ => "there is nothing at this address",
        };
        Error::UnknownAddress(said.to_owned())
    };
    mem0::absent(&method, uri.path()).unwrap_or_else(nothing)
}

/// The response to a method that a path does not take.
pub(super) async fn not_taken(method: Method, uri: Uri) -> Response {
    match mem0::absent(&method, uri.path()) {
        Some(error) => error.into_response(),
        None => {
            let detail = format!("this address does not take {method}");
            problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail, None)
        }
    }
}

/// `GET /health`: this process responds. `GET /ready`: its database responds, too, and has the schema that this build
/// needs.
pub fn health<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Gate: axum::extract::FromRef<S>,
{
    Routes::default().get("/health", async || Json(serde_json::json!({ "status": "ok" }))).get(
        "/ready",
        async |State(gate): State<Gate>| -> Result<_> {
            let readiness = gate.db.readiness().await?;
            Ok(Json(serde_json::json!({
                "status": "ready",
                "schema_version": readiness.schema_version,
                "pgvector_version": readiness.pgvector_version,
            })))
        },
    )
}

async fn observe(
    State((clock, limits, limiter)): State<(Clock, LimitsConfig, Limiter)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let started = Instant::now();
    let id = RequestId::generate();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let info = RequestInfo { id, at: clock.now(), ip: address(&request), user_agent: user_agent(&request) };
    let nul = [Some(request.uri().path()), request.uri().query()]
        .into_iter()
        .flatten()
        .any(|part| part.contains("%00"));
    request.extensions_mut().insert(info);
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let rates = Rates::new(limiter);
    request.extensions_mut().insert(rates.clone());
    let resource = Resource::default();
    request.extensions_mut().insert(resource.clone());
    let path = request.uri().path().to_owned();
    let named = named(&path);
    let operation = route.as_ref().map(|route| format!("{method} {route}"));

    let answer = async move {
        if nul {
            return Error::malformed("the address contains a NUL character").into_response();
        }
        let arrival = again::Arrival::default();
        let guarded = AssertUnwindSafe(again::run(&next, request, &arrival)).catch_unwind();
        let response = match tokio::time::timeout(limits.request, guarded).await {
            Ok(Ok((response, rest))) => {
                rest.read().await;
                response
            }
            Ok(Err(panic)) => {
                let message = panic.downcast_ref::<&str>().map(ToString::to_string);
                let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Error::internal(format!("panic: {message}")).into_response()
            }
            Err(_) if arrival.is_awaited() => {
                let detail = "the rest of the body did not arrive".to_owned();
                let mut response = problem(StatusCode::REQUEST_TIMEOUT, "body-missing", detail, None);
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Err(_) => {
                let message = "the request took too long and was given up";
                Error::Unavailable { message, cause: None }.into_response()
            }
        };
        witness.record(named).await;
        response
    };
    let mut response = RequestLog::new(id)
        .of(operation)
        .scope(answer, |response: &Response, log| {
            let principal = log.principal();
            metrics::request(response.status(), log);
            tracing::info!(
                http.method = %method,
                http.route = route.as_deref().unwrap_or("-"),
                http.status = response.status().as_u16(),
                duration_ms = started.elapsed().as_micros() as f64 / 1000.0,
                db.queries = log.queries(),
                db.lost_races = log.lost_races(),
                db.duration_ms = log.database_micros() as f64 / 1000.0,
                request.id = %log.id,
                tenant.id = principal.map(|(enterprise, _)| enterprise.to_string()),
                principal.id = principal.map(|(_, user)| user.to_string()),
                "request"
            );
        })
        .await;
    mem0::dress(&path, &mut response);
    rates.tell(response.headers_mut());
    resource.complete(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().entry("x-content-type-options").or_insert(HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The client's address as the front end knows it: the socket's peer, what a trusted proxy says, or what API Gateway
/// reports in the event. No header is read here: anyone can write one, and would thereby escape the throttle.
#[derive(Debug, Clone)]
pub struct SourceIp(pub String);

fn address(request: &Request) -> Option<String> {
    request.extensions().get::<SourceIp>().map(|ip| ip.0.clone())
}

/// The first id in a path, `mem_…`.
fn named(path: &str) -> Option<String> {
    path.split('/').find(|part| part.as_bytes().get(3) == Some(&b'_') && part.len() == 30).map(str::to_owned)
}

fn user_agent(request: &Request) -> Option<String> {
    let value = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(value.chars().take(512).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slash_too_much_does_not_hide_the_endpoint() {
        let said = async |path: &str| nothing_here(Method::POST, path.parse().unwrap()).await.to_string();
        assert_eq!(said("/mcp/").await, "the MCP endpoint is /mcp, without a slash at the end");
        for other in ["/mcp/x", "/mcp/x/", "/", "/v1/mcp/"] {
            assert_eq!(said(other).await, "there is nothing at this address", "{other}");
        }
    }
}
