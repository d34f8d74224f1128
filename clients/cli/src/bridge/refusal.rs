//! Errors of the bridge.

use http::StatusCode;
use serde_json::Value;

/// The error that a client gets instead of a response.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status, or JSON-RPC's internal error if there was no HTTP response.
    pub(super) code: i32,
    pub(super) message: String,
}

impl Refusal {
    /// Creates an error for a request that got no response.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { code: -32603, message: message.into() }
    }

    /// Creates an error from a body that is not JSON-RPC: a problem document (RFC 9457), a proxy's
    /// page, or an error without an id.
    pub(super) fn from_body(status: StatusCode, kind: &str, body: &[u8]) -> Self {
        if status.is_success() {
            // A captive portal, for example.
            let kind = if kind.is_empty() { "no content type" } else { kind };
            return Self::new(format!(
                "the server answered {status}, but not with MCP ({kind}): is the URL right?"
            ));
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let why = body["detail"].as_str().or_else(|| body["error"]["message"].as_str());
        let message = match why {
            Some(why) => format!("{status}: {why}"),
            None => format!("the server answered {status} without a message"),
        };
        Self { code: status.as_u16().into(), message }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub(super) fn advising(mut self, advice: &str) -> Self {
        self.message = format!("{} ({advice})", self.message);
        self
    }
}
