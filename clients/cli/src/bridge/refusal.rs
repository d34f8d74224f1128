//! Why there is no answer.

use http::StatusCode;
use serde_json::Value;

/// What whoever asked is told instead of an answer.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status, or JSON-RPC's internal error if it did not come to one.
    pub(super) code: i32,
    pub(super) message: String,
}

impl Refusal {
    /// It did not come to an answer.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { code: -32603, message: message.into() }
    }

    /// An answer that is no JSON-RPC: a problem (RFC 9457), something of a front end's, or an error that belongs to nobody.
    pub(super) fn from_body(status: StatusCode, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let why = body["detail"].as_str().or_else(|| body["error"]["message"].as_str());
        let message = match why {
            Some(why) => format!("{status}: {why}"),
            None => format!("the server answered {status} without a message"),
        };
        Self { code: status.as_u16().into(), message }
    }

    /// With what the person can do about it.
    #[must_use]
    pub(super) fn advising(mut self, advice: &str) -> Self {
        self.message = format!("{} ({advice})", self.message);
        self
    }
}
