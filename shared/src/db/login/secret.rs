//! The login in AWS Secrets Manager, `{"username", "password"}` as RDS and its rotation write it.
//!
//! It is read once and cached, since an environment opens few connections. It is read again when the database rejects
//! it, or after [`KEPT`]. Where Lambda's Parameters and Secrets extension runs, the extension is asked first, because
//! it may have the secret cached; after the database has rejected a password, Secrets Manager itself is asked, because
//! the extension caches that password, too.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::passwords::Login;
use crate::aws::{Identity, Scope, authorize};
use crate::clock::Clock;
use crate::config::SecretConfig;
use crate::https::Client;

/// How long it is cached, by the time of day: the monotonic clock may stand still while an environment is frozen.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// The maximum size of a response: the largest secret is 64 KB, and more when escaped in JSON.
const LARGEST: usize = 256 * 1024;

/// How long one request may take, with the credentials for it. A kept connection may have died silently while the
/// environment was frozen; the next attempt opens another.
///
/// With the pauses, all attempts take at most 5.7 seconds. The pool gives up opening a connection after 8, and would then
/// name the database instead of what did not answer; Lambda gives up a cold start after 10.
const PATIENCE: Duration = Duration::from_millis(1250);

/// How many times it is requested before connecting fails.
const ATTEMPTS: u32 = 4;

/// The maximum wait before the second attempt, doubled before each further one. At least half of it is waited.
const PAUSE: Duration = Duration::from_millis(100);

/// One secret.
pub(super) struct Secret {
    config: SecretConfig,
    identity: Identity,
    /// Whether the user comes from the secret, because the URL names none.
    with_user: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    login: Option<(Login, DateTime<Utc>)>,
    client: Option<Client>,
    /// Whether the database has rejected the last login that was read.
    refused: bool,
    /// When it last could not be read, and why.
    failed: Option<(Instant, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: String,
}

#[derive(Deserialize)]
struct Content {
    username: Option<String>,
    password: String,
}

impl Secret {
    pub(super) fn new(config: SecretConfig, with_user: bool) -> Self {
        let identity = Identity::new(config.credentials.clone());
        Self { config, identity, with_user, kept: Mutex::default() }
    }

    /// Returns the cached login, or reads it now. Only one caller reads at a time; the others wait for its result, also
    /// if that is a failure: reading one after the other would take them longer than they have.
    pub(super) async fn current(&self) -> Result<Login, String> {
        let asked = Instant::now();
        let mut kept = self.kept.lock().await;
        if let Some((at, problem)) = &kept.failed
            && *at > asked
        {
            return Err(problem.clone());
        }
        let now = Clock::default().now();
        if let Some((login, read)) = &kept.login
            && (TimeDelta::zero()..KEPT).contains(&(now - *read))
        {
            return Ok(login.clone());
        }
        let client = match &kept.client {
            Some(client) => client.clone(),
            None => kept.client.insert(Client::new(self.config.ca_pem.as_deref())?).clone(),
        };
        let login = self.read(&client, kept.refused).await;
        kept.failed = login.as_ref().err().map(|problem| (Instant::now(), problem.clone()));
        let login = login?;
        kept.login = Some((login.clone(), now));
        kept.refused = false;
        Ok(login)
    }

    /// Discards the login, so that the next caller to connect reads it again.
    pub(super) async fn forget(&self) {
        let mut kept = self.kept.lock().await;
        kept.login = None;
        kept.refused = true;
    }

    async fn read(&self, client: &Client, refused: bool) -> Result<Login, String> {
        let mut attempt = 1;
        loop {
            let asking = async {
                let request = match self.config.extension {
                    Some(port) if !refused && attempt == 1 => self.ask_extension(port),
                    _ => self.ask_service(client).await,
                };
                Ok::<_, String>(client.send(request?, LARGEST).await)
            };
            let answer = match tokio::time::timeout(PATIENCE, asking).await {
                Ok(asked) => asked?,
                Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs_f64())),
            };
            let problem = match answer {
                Ok(answer) if answer.status().is_success() => return self.understand(answer.body()),
                Ok(answer) if !may_pass(&answer) => {
                    return Err(format!("Secrets Manager answered {}", said(&answer)));
                }
                Ok(answer) => format!("Secrets Manager answered {}", said(&answer)),
                Err(error) => format!("Secrets Manager cannot be reached: {error}"),
            };
            if attempt == ATTEMPTS {
                return Err(problem);
            }
            let chance = crate::random::bytes().map_or(0, u32::from_le_bytes);
            let chance = f64::from(chance) / f64::from(u32::MAX);
            tokio::time::sleep((PAUSE * 2_u32.pow(attempt - 1)).mul_f64(0.5 + 0.5 * chance)).await;
            attempt += 1;
        }
    }

    /// `GetSecretValue`.
    async fn ask_service(&self, client: &Client) -> Result<Request<Bytes>, String> {
        let clock = Clock::default();
        let credentials = self.identity.credentials(|| Ok(client.clone()), &clock).await;
        let credentials = credentials.map_err(|error| format!("no AWS credentials: {error}"))?;
        let body = serde_json::json!({ "SecretId": self.config.id }).to_string();
        let mut request = Request::post(&self.config.url)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(Bytes::from(body))
            .map_err(|error| error.to_string())?;
        let scope = Scope { service: "secretsmanager", region: &self.config.region, at: clock.now() };
        authorize(&mut request, credentials, &scope)?;
        Ok(request)
    }

    /// The request to the extension on its port in this environment.
    fn ask_extension(&self, port: u16) -> Result<Request<Bytes>, String> {
        let id: String = form_urlencoded::byte_serialize(self.config.id.as_bytes()).collect();
        let url = format!("http://localhost:{port}/secretsmanager/get?secretId={id}");
        let mut request = Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
        if let Some(token) = self.config.credentials.session_token() {
            let mut value = HeaderValue::try_from(token.expose_secret())
                .map_err(|_| "AWS_SESSION_TOKEN fits into no header".to_owned())?;
            value.set_sensitive(true);
            request.headers_mut().insert("x-aws-parameters-secrets-token", value);
        }
        Ok(request)
    }

    /// Parses the secret. serde's messages are dropped, because they may quote the secret.
    fn understand(&self, body: &[u8]) -> Result<Login, String> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| "Secrets Manager's answer has no SecretString".to_owned())?;
        let content: Content = serde_json::from_str(&answer.secret_string)
            .map_err(|_| "the secret is not {\"username\", \"password\"}".to_owned())?;
        let user = content.username.filter(|_| self.with_user);
        if self.with_user && user.is_none() {
            return Err("neither MEM0_DATABASE_URL nor the secret names a user".to_owned());
        }
        let login = Login { user, password: content.password.into() };
        if !login.is_plain() {
            return Err("the secret's password is not printable ASCII".to_owned());
        }
        Ok(login)
    }
}

/// Whether a retry may help: the request was throttled or the service failed.
fn may_pass(answer: &Response<Bytes>) -> bool {
    answer.status().is_server_error()
        || answer.status() == StatusCode::TOO_MANY_REQUESTS
        || ["ThrottlingException", "InternalServiceError"].iter().any(|kind| said(answer).contains(kind))
}

/// The status, and the kind of error: `400 ThrottlingException`.
fn said(answer: &Response<Bytes>) -> String {
    #[derive(Deserialize)]
    struct Problem {
        #[serde(rename = "__type")]
        kind: String,
    }
    let kind = serde_json::from_slice::<Problem>(answer.body()).map(|problem| problem.kind);
    let kind = kind.unwrap_or_default();
    format!("{} {}", answer.status().as_u16(), kind.rsplit('#').next().unwrap_or_default())
}
