//! Credentials, wherever the environment has them.

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

/// The largest answer of an endpoint that gives out credentials.
const LARGEST: usize = 64 * 1024;

/// Temporary credentials are replaced so long before they end.
fn margin() -> TimeDelta {
    TimeDelta::minutes(5)
}

/// Credentials, and what a container's endpoint gave out until it ends.
pub(crate) struct Identity {
    source: AwsCredentials,
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

impl Identity {
    pub(crate) fn new(source: AwsCredentials) -> Self {
        Self { source, kept: Mutex::default() }
    }

    /// Where they come from.
    pub(crate) fn source(&self) -> &AwsCredentials {
        &self.source
    }

    /// Credentials that hold now. Only those of containers are asked for, with `client`.
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

    /// One caller at a time asks the endpoint; the others get what it brought.
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
        // Without serde's message: it might quote the secret.
        let given: GivenOut = serde_json::from_slice(answer.body())
            .map_err(|_| "the container's endpoint gave out none".to_owned())?;
        let GivenOut { access_key_id, secret_access_key, token, expiration } = given;
        let credentials = Credentials::new(access_key_id, secret_access_key, Some(token), None, "container");
        *kept = Some((credentials.clone(), expiration));
        Ok(credentials)
    }
}
