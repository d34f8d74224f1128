//! Credentials from any source in the environment.

use aws_credential_types::Credentials;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::AwsCredentials;
use crate::https::Client;

/// The maximum size of a response from a credentials endpoint.
const LARGEST: usize = 64 * 1024;

/// How long before they expire temporary credentials are replaced.
fn margin() -> TimeDelta {
    TimeDelta::minutes(5)
}

/// A source of credentials, which caches those of a container's endpoint until they expire.
pub(crate) struct Identity {
    source: AwsCredentials,
    kept: Mutex<Option<(Credentials, DateTime<Utc>)>>,
}

/// The response of a container's endpoint.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GivenOut {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: DateTime<Utc>,
}

impl Identity {
    pub(crate) fn new(source: AwsCredentials) -> Self {
        Self { source, kept: Mutex::default() }
    }

    /// The source of the credentials.
    pub(crate) fn source(&self) -> &AwsCredentials {
        &self.source
    }

    /// Returns valid credentials. Only those of containers need a request, which is sent with `client`.
    pub(crate) async fn credentials(
        &self,
        client: impl FnOnce() -> Result<Client, String>,
        clock: &Clock,
    ) -> Result<Credentials, String> {
        match &self.source {
            AwsCredentials::BedrockKey(_) => Err("a Bedrock API key signs nothing".to_owned()),
            AwsCredentials::Fixed { id, secret, token } => {
                let token = token.as_ref().map(|token| token.expose_secret().to_owned());
                Ok(Credentials::new(id, secret.expose_secret(), token, None, "environment"))
            }
            AwsCredentials::Container { url, token_file, token } => {
                self.container(&client()?, url, token_file.as_deref(), token.as_ref(), clock).await
            }
        }
    }

    /// Only one caller at a time asks the endpoint; the others wait for its result.
    async fn container(
        &self,
        client: &Client,
        url: &Uri,
        token_file: Option<&str>,
        token: Option<&SecretString>,
        clock: &Clock,
    ) -> Result<Credentials, String> {
        let mut kept = self.kept.lock().await;
        if let Some((credentials, until)) = kept.as_ref()
            && clock.now() < *until - margin()
        {
            return Ok(credentials.clone());
        }
        let token = match token_file {
            Some(path) => {
                let read = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
                Some(SecretString::from(read.trim().to_owned()))
            }
            None => token.cloned(),
        };
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.clone();
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(token.expose_secret())
                .map_err(|_| "the token fits into no header".to_owned())?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let answer = client.send(request, LARGEST).await?;
        if !answer.status().is_success() {
            return Err(format!("the container's endpoint answered {}", answer.status()));
        }
        // Without serde's message, which might quote the secret.
        let given: GivenOut = serde_json::from_slice(answer.body())
            .map_err(|_| "the container's endpoint gave out none".to_owned())?;
        let GivenOut { access_key_id, secret_access_key, token, expiration } = given;
        let credentials = Credentials::new(access_key_id, secret_access_key, Some(token), None, "container");
        *kept = Some((credentials.clone(), expiration));
        Ok(credentials)
    }
}
