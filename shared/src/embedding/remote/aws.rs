//! Authentication to Bedrock.

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;

use super::client::Client;
use super::failure::Failure;
use super::openai::bearer;
use crate::aws::{Identity, Scope, authorize};
use crate::clock::Clock;
use crate::config::AwsCredentials;

/// The service's name in signatures, which differs from its host name.
const SERVICE: &str = "bedrock";

/// Signs requests to Bedrock.
pub(super) struct Signer {
    identity: Identity,
    region: String,
    client: Client,
    clock: Clock,
}

impl Signer {
    pub(super) fn new(source: AwsCredentials, region: String, client: Client, clock: Clock) -> Self {
        Self { identity: Identity::new(source), region, client, clock }
    }

    /// Signs the request, or adds the API key.
    pub(super) async fn sign(&self, mut request: Request<Bytes>) -> Result<Request<Bytes>, Failure> {
        if let AwsCredentials::BedrockKey(key) = self.identity.source() {
            let value = bearer(key).map_err(|error| Failure::Credentials(error.to_string()))?;
            request.headers_mut().insert(AUTHORIZATION, value);
            return Ok(request);
        }
        let client = || Ok(self.client.0.clone());
        let credentials =
            self.identity.credentials(client, &self.clock).await.map_err(Failure::Credentials)?;
        let scope = Scope { service: SERVICE, region: &self.region, at: self.clock.now() };
        authorize(&mut request, credentials, &scope).map_err(Failure::Credentials)?;
        Ok(request)
    }
}
