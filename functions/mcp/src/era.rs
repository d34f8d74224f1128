//! The protocol version of a request, and what the request says about its client.
//!
//! The modern era (2026-07-28) has no handshake: every request carries its version and its client's capabilities in
//! `_meta`, and repeats the version in a header. The old era begins with `initialize`, after which a header names the
//! version; without sessions nothing else of the handshake is remembered.

use http::HeaderMap;
use serde_json::Value;

use crate::fault::Fault;
use crate::message::{Object, given};
use crate::{headers, notices};

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V2026_07_28,
    V2025_11_25,
    V2025_06_18,
    V2025_03_26,
}

impl Version {
    /// Every supported version, newest first.
    pub(crate) const ALL: [Self; 4] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26];
    /// Versions without a handshake.
    pub(crate) const MODERN: [Self; 1] = [Self::V2026_07_28];
    /// The version that a handshake agrees on when the client wants something newer or unknown.
    pub(crate) const NEWEST_WITH_HANDSHAKE: Self = Self::V2025_11_25;
    /// The version that the absence of the header means (2025-06-18, transports).
    const UNSAID: Self = Self::V2025_03_26;

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V2026_07_28 => "2026-07-28",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_03_26 => "2025-03-26",
        }
    }

    pub(crate) fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    pub(crate) fn is_modern(self) -> bool {
        self == Self::V2026_07_28
    }
}

/// The terms of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    pub(crate) version: Version,
    /// What the client can do. In the old era this is empty: the client said it in a
    /// handshake, which is not remembered.
    pub(crate) capabilities: Object,
    /// The token for progress notifications, if the client wants them.
    pub(crate) progress_token: Option<Value>,
    /// The least severe log message that the client wants, or `None` if it wants none.
    pub(crate) log_level: Option<String>,
}

/// Returns the version that headers and body name. This is checked before anything else in the request.
pub(crate) fn version(headers: &HeaderMap, method: &str, params: &Object) -> Result<Version, Fault> {
    let header = headers::single(headers, headers::VERSION)?;
    let body = meta(params, "protocolVersion");
    match (header, body) {
        (_, Some(Value::String(body))) => {
            let header = header.ok_or_else(|| Fault::header("the header mcp-protocol-version is missing"))?;
            if header != body {
                return Err(Fault::header(format!(
                    "the header mcp-protocol-version is {header:?}, the body's _meta says {body:?}"
                )));
            }
            match Version::find(body) {
                Some(version) if version.is_modern() => Ok(version),
                // It is supported, but not without a handshake.
                Some(_) => Err(Fault::version(body, &Version::MODERN)),
                None => Err(Fault::version(body, &Version::ALL)),
            }
        }
        (_, Some(_)) => Err(Fault::meta("io.modelcontextprotocol/protocolVersion must be a string")),
        // During the handshake, the client does not know yet which version it may use.
        (Some(header), None) if method == "initialize" => {
            Ok(Version::find(header).unwrap_or(Version::NEWEST_WITH_HANDSHAKE))
        }
        (Some(header), None) => Version::find(header).ok_or_else(|| Fault::version(header, &Version::ALL)),
        (None, None) => Ok(Version::UNSAID),
    }
}

/// Returns the terms of a request of this version.
pub(crate) fn terms(
    version: Version,
    headers: &HeaderMap,
    method: &str,
    params: &Object,
) -> Result<Terms, Fault> {
    let progress_token = raw_meta(params).and_then(|meta| given(meta, "progressToken")).cloned();
    if !matches!(progress_token, None | Some(Value::String(_) | Value::Number(_))) {
        return Err(Fault::meta("progressToken must be a string or a number"));
    }
    if !version.is_modern() {
        return Ok(Terms { version, capabilities: Object::new(), progress_token, log_level: None });
    }
    if meta(params, "protocolVersion").is_none() {
        return Err(Fault::meta("_meta needs io.modelcontextprotocol/protocolVersion"));
    }
    let Some(Value::Object(capabilities)) = meta(params, "clientCapabilities") else {
        return Err(Fault::meta("_meta needs io.modelcontextprotocol/clientCapabilities, an object"));
    };
    let log_level = match meta(params, "logLevel") {
        None => None,
        Some(Value::String(level)) => {
            let known = notices::level(level)
                .map_err(|problem| Fault::meta(format!("io.modelcontextprotocol/logLevel {problem}")))?;
            Some(known.to_owned())
        }
        Some(_) => return Err(Fault::meta("io.modelcontextprotocol/logLevel must be a string")),
    };
    headers::agree(headers, method, params)?;
    Ok(Terms { version, capabilities: capabilities.clone(), progress_token, log_level })
}

fn raw_meta(params: &Object) -> Option<&Object> {
    params.get("_meta").and_then(Value::as_object)
}

fn meta<'a>(params: &'a Object, name: &str) -> Option<&'a Value> {
    given(raw_meta(params)?, &format!("io.modelcontextprotocol/{name}"))
}

impl Terms {
    /// Returns whether the client can show its person a form.
    pub(crate) fn can_ask(&self) -> bool {
        match self.capabilities.get("elicitation") {
            // An empty object means that forms are supported.
            Some(Value::Object(modes)) => modes.is_empty() || modes.contains_key("form"),
            _ => false,
        }
    }
}
