//! HTTP requests to models, with a bounded response size; an error status is a failure.

use bytes::Bytes;
use http::Request;

use super::failure::Failure;
use super::refused;
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::https;

/// Maximum response size: enough for 2,048 vectors of 256 numbers at their longest JSON form.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Sends requests over pooled connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client(pub(super) https::Client);

impl Client {
    /// Trusts the CA bundle, or the public roots if there is none.
    pub(super) fn new(ca_pem: Option<&str>) -> Result<Self, ConfigError> {
        https::Client::new(ca_pem).map(Self).map_err(|error| refused("MEM0_EMBEDDING_CA", error))
    }

    /// Returns the body of a successful response.
    pub(super) async fn send(&self, request: Request<Bytes>, clock: &Clock) -> Result<Bytes, Failure> {
        let answer = self.0.send(request, MAX_ANSWER).await.map_err(Failure::Unreachable)?;
        if !answer.status().is_success() {
            return Err(Failure::refused(answer.status(), answer.headers(), clock));
        }
        Ok(answer.into_body())
    }
}
