//! HTTP requests as API Gateway HTTP API events, payload format 2.0.
//!
//! Source: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide. Where the guide
//! is silent this follows what people captured from the live service:
//! - `rawPath` arrives percent-*decoded*, and cut at a decoded `?`; `rawQueryString` arrives as sent.
//! - A body is passed as text only for `text/*`, JSON, XML and JavaScript (and their exact names: not `…+json`);
//!   anything else, a missing `content-type` and form data included, comes in base64.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use uuid::Uuid;

/// Headers that belong to one connection (RFC 9110 section 7.6.1), which a gateway does not forward.
pub(crate) const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Where a request was received from.
#[derive(Clone, Copy, Debug)]
pub struct RequestSource {
    /// The address of the client.
    pub ip: IpAddr,
    /// The port that it connected to.
    pub port: u16,
}

impl RequestSource {
    /// A caller on this machine, without a listener.
    pub fn local() -> Self {
        Self { ip: Ipv4Addr::LOCALHOST.into(), port: 80 }
    }
}

/// An event in payload format 2.0. Absent fields are left out, as the service does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    version: &'static str,
    route_key: &'static str,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: String,
    http: HttpContext,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpContext {
    method: String,
    path: String,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

impl HttpEvent {
    /// Translates a request from `source` to the `$default` route of the `$default` stage.
    pub fn new(request: &Request<Bytes>, source: &RequestSource) -> Self {
        let headers = headers(request, source);
        let raw_path = decoded_path(request.uri().path());
        let raw_query_string = request.uri().query().unwrap_or_default().to_owned();
        let (body, is_base64_encoded) = body(request);
        let domain_name = headers.get("host").cloned().unwrap_or_default();
        let now = SystemTime::now();
        Self {
            version: "2.0",
            route_key: "$default",
            cookies: cookies(request.headers()),
            query_string_parameters: query_parameters(&raw_query_string),
            request_context: RequestContext {
                account_id: "123456789012",
                api_id: "local",
                domain_prefix: domain_name.split('.').next().unwrap_or_default().to_owned(),
                domain_name,
                http: HttpContext {
                    method: request.method().to_string(),
                    path: raw_path.clone(),
                    protocol: "HTTP/1.1",
                    source_ip: source.ip.to_string(),
                    user_agent: headers.get("user-agent").cloned().unwrap_or_default(),
                },
                request_id: gateway_request_id(),
                route_key: "$default",
                stage: "$default",
                time: DateTime::<Utc>::from(now).format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                time_epoch: now
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            },
            raw_path,
            raw_query_string,
            headers,
            body,
            is_base64_encoded,
        }
    }

    /// The gateway's id of the request, which it also returns in `apigw-requestid`.
    pub fn request_id(&self) -> &str {
        &self.request_context.request_id
    }

    /// The event as the function receives it.
    pub fn to_json(&self) -> Bytes {
        // Only strings and string-keyed maps: serialization cannot fail.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// Returns a new `X-Amzn-Trace-Id`.
pub(crate) fn trace_id() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let id = Uuid::new_v4().simple().to_string();
    format!("Root=1-{seconds:08x}-{}", &id[..24])
}

/// Returns a request id of HTTP APIs: 15 characters and a padding sign, base64 of 11 bytes.
fn gateway_request_id() -> String {
    BASE64_STANDARD.encode(&Uuid::new_v4().as_bytes()[..11])
}

fn decoded_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split('?').next().unwrap_or_default().to_owned()
}

fn headers(request: &Request<Bytes>, source: &RequestSource) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        if name == header::COOKIE || HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let host = request.uri().authority().map_or("localhost", |authority| authority.as_str());
    headers.entry("host".into()).or_insert_with(|| host.to_owned());
    headers.entry("content-length".into()).or_insert_with(|| request.body().len().to_string());
    headers.entry("x-amzn-trace-id".into()).or_insert_with(trace_id);
    headers
        .entry("x-forwarded-for".into())
        .and_modify(|hops| hops.push_str(&format!(", {}", source.ip)))
        .or_insert_with(|| source.ip.to_string());
    // The gateway knows these two better than any client. AWS would say https and 443; nothing here speaks TLS.
    headers.insert("x-forwarded-port".into(), source.port.to_string());
    headers.insert("x-forwarded-proto".into(), "http".into());
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

fn body(request: &Request<Bytes>) -> (Option<String>, bool) {
    let body = request.body();
    if body.is_empty() {
        return (None, false);
    }
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(request.headers()));
    match text {
        Some(text) => (Some(text.to_owned()), false),
        None => (Some(BASE64_STANDARD.encode(body)), true),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&media_type.as_str())
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
