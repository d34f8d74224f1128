//! A client of the authorization server.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::response::Parts;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, cause, client};

/// This program's `client_id`, which every installation knows.
const CLIENT: &str = "mem0-cli";
/// The scopes that the bridge needs.
const SCOPE: &str = "memories:read memories:write";

const PATIENCE: Duration = Duration::from_secs(30);
const MAX_ANSWER: usize = 64 * 1024;

/// The part of the server's metadata that is used (RFC 8414).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: String,
    revocation_endpoint: String,
}

/// The server.
pub(super) struct Server {
    client: Client,
    metadata: Metadata,
    /// The resource that tokens are requested for.
    resource: String,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

/// RFC 8628 section 3.2.
#[derive(Deserialize)]
pub(super) struct Begun {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<String>,
    pub(super) expires_in: u64,
    pub(super) interval: Option<u64>,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
    error_description: Option<String>,
}

impl Refusal {
    pub(super) fn text(&self) -> &str {
        self.error_description.as_deref().unwrap_or(&self.error)
    }
}

impl Server {
    /// Fetches an installation's metadata. The issuer must equal the URL that was asked: another one
    /// could send the credential anywhere.
    pub(super) async fn find(base: &str) -> Result<Self> {
        let address: Uri = base.parse()?;
        let client = client(&address).context("TLS cannot be used")?;
        let url = format!("{base}/.well-known/oauth-authorization-server");
        let (head, body) = send(&client, Method::GET, &url, String::new()).await?;
        if head.status != StatusCode::OK {
            bail!("{base} answered {}: is it a mem0 installation?", head.status);
        }
        let metadata: Metadata =
            serde_json::from_slice(&body).with_context(|| format!("{base} does not say where to sign in"))?;
        if metadata.issuer != base {
            bail!("{base} calls itself {}; use --url {}", metadata.issuer, metadata.issuer);
        }
        Ok(Self { client, resource: format!("{base}/mcp"), metadata })
    }

    /// Starts a device authorization.
    pub(super) async fn begin(&self) -> Result<Begun> {
        let fields = [("client_id", CLIENT), ("scope", SCOPE), ("resource", &self.resource)];
        self.ask(&self.metadata.device_authorization_endpoint, &fields).await?.map_err(|it| refused(&it))
    }

    /// Asks whether the person has agreed.
    pub(super) async fn poll(&self, device_code: &str) -> Result<Result<Tokens, Refusal>> {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let fields = [("grant_type", grant), ("client_id", CLIENT), ("device_code", device_code)];
        self.ask(&self.metadata.token_endpoint, &fields).await
    }

    /// Exchanges a refresh token for the next tokens.
    pub(super) async fn refresh(&self, refresh_token: &str) -> Result<Tokens> {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh_token)];
        let answer = self.ask(&self.metadata.token_endpoint, &fields).await?;
        answer.map_err(|it| match it.error.as_str() {
            // The grant has ended, or somebody else holds its tokens: only a person can start again.
            "invalid_grant" => anyhow::anyhow!("the login has ended: run mem0 login"),
            _ => refused(&it),
        })
    }

    /// Revokes the grant on the server.
    pub(super) async fn revoke(&self, token: &str) -> Result<()> {
        let fields = [("client_id", CLIENT), ("token", token)];
        let (head, _) =
            send(&self.client, Method::POST, &self.metadata.revocation_endpoint, form(&fields)).await?;
        if head.status.is_success() { Ok(()) } else { bail!("the server answered {}", head.status) }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Result<T, Refusal>> {
        let (head, body) = send(&self.client, Method::POST, url, form(fields)).await?;
        if head.status.is_success() {
            return Ok(Ok(serde_json::from_slice(&body).context("the server's answer is not understood")?));
        }
        match serde_json::from_slice(&body) {
            Ok(refusal) => Ok(Err(refusal)),
            Err(_) => bail!("{}", problem(&head, &body)),
        }
    }
}

/// Describes an answer that is not OAuth's (RFC 9457), and when to try again.
fn problem(head: &Parts, body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let mut text = format!("the server answered {}", head.status);
    if let Some(detail) = body["detail"].as_str() {
        text = format!("{text}: {detail}");
    }
    match head.headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()) {
        Some(seconds) if !text.contains("try again in") => format!("{text}; try again in {seconds} s"),
        _ => text,
    }
}

fn refused(refusal: &Refusal) -> anyhow::Error {
    anyhow::anyhow!("{}", refusal.text().to_owned())
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Sends a form and reads the whole answer. A server that stops in the middle of one is waited for no
/// longer than one that never answers.
async fn send(client: &Client, method: Method, url: &str, body: String) -> Result<(Parts, Bytes)> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, concat!("mem0-cli/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(Bytes::from(body)))?;
    let whole = async {
        let answer = client.request(request).await;
        let answer = answer.map_err(|error| anyhow::anyhow!("cannot reach {url}: {}", cause(&error)))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?;
        Ok((head, body.to_bytes()))
    };
    let answer = tokio::time::timeout(PATIENCE, whole).await;
    answer.with_context(|| format!("no answer from {url} within {} s", PATIENCE.as_secs()))?
}
