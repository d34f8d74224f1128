//! Who we are to AWS: credentials, and requests signed with them (Signature Version 4).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::client::Client;
use super::failure::Failure;
use super::openai::bearer;
use crate::clock::Clock;
use crate::config::AwsCredentials;

/// The service's name in signatures, which is not that of its hosts.
const SERVICE: &str = "bedrock";

/// Temporary credentials are replaced so long before they end.
fn margin() -> TimeDelta {
    TimeDelta::minutes(5)
}

/// Signs requests to Bedrock.
pub(super) struct Signer {
    source: AwsCredentials,
    region: String,
    client: Client,
    clock: Clock,
    /// What a container's endpoint gave out, until it ends.
    kept: Mutex<Option<(Credentials, DateTime<Utc>)>>,
}

/// What a container's endpoint answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GivenOut {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: DateTime<Utc>,
}

impl Signer {
    pub(super) fn new(source: AwsCredentials, region: String, client: Client, clock: Clock) -> Self {
        Self { source, region, client, clock, kept: Mutex::default() }
    }

    /// The request with what proves who sends it.
    pub(super) async fn sign(&self, mut request: Request<Bytes>) -> Result<Request<Bytes>, Failure> {
        let unusable = |error: &dyn std::fmt::Display| Failure::Credentials(error.to_string());
        let credentials = match &self.source {
            AwsCredentials::BedrockKey(key) => {
                let value = bearer(key).map_err(|error| unusable(&error))?;
                request.headers_mut().insert(AUTHORIZATION, value);
                return Ok(request);
            }
            AwsCredentials::Fixed { id, secret, token } => {
                let token = token.as_ref().map(|token| token.expose_secret().to_owned());
                Credentials::new(id, secret.expose_secret(), token, None, "environment")
            }
            AwsCredentials::Container { url, token_file, token } => {
                self.container(url, token_file.as_deref(), token.as_ref()).await?
            }
        };
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::from(self.clock.now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unusable(&error))?
            .into();
        let headers =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            "POST",
            request.uri().to_string(),
            headers,
            SignableBody::Bytes(request.body()),
        )
        .map_err(|error| unusable(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unusable(&error))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// One caller at a time asks the endpoint; the others get what it brought.
    async fn container(
        &self,
        url: &Uri,
        token_file: Option<&str>,
        token: Option<&SecretString>,
    ) -> Result<Credentials, Failure> {
        let mut kept = self.kept.lock().await;
        if let Some((credentials, until)) = kept.as_ref()
            && self.clock.now() < *until - margin()
        {
            return Ok(credentials.clone());
        }
        let missing = |error: &dyn std::fmt::Display| Failure::Credentials(error.to_string());
        let token = match token_file {
            Some(path) => {
                let read = std::fs::read_to_string(path).map_err(|error| missing(&error))?;
                Some(SecretString::from(read.trim().to_owned()))
            }
            None => token.cloned(),
        };
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.clone();
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(token.expose_secret())
                .map_err(|_| missing(&"the token fits into no header"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let body = self.client.send(request, &self.clock).await?;
        // Without serde's message: it might quote the secret.
        let given: GivenOut =
            serde_json::from_slice(&body).map_err(|_| missing(&"the container's endpoint gave out none"))?;
        let GivenOut { access_key_id, secret_access_key, token, expiration } = given;
        let credentials = Credentials::new(access_key_id, secret_access_key, Some(token), None, "container");
        *kept = Some((credentials.clone(), expiration));
        Ok(credentials)
    }
}
