//! The HTTP side: one POST per message, over pooled connections.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Error;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::answer;
use super::message::Message;
use super::refusal::Refusal;
use crate::client::{Client, cause, client};
use crate::config::Config;
use crate::login;

/// How long the head of a response may take, and each silence in its body; the server itself gives up after 25 s.
const PATIENCE: Duration = Duration::from_secs(40);
/// Pauses before connecting again: a server that restarts is back soon.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

type Body = hyper::body::Incoming;

/// The connection to the server.
pub(super) struct Remote {
    config: Config,
    /// The last credential that was accepted; locked while it is renewed.
    credential: Arc<tokio::sync::Mutex<Option<SecretString>>>,
    client: Mutex<Option<Client>>,
    /// The version that an old client's handshake agreed on.
    agreed: Mutex<Option<String>>,
}

impl Remote {
    pub(super) fn new(config: Config) -> Self {
        let credential = Arc::new(config.credential.clone().into());
        Self { config, credential, client: Mutex::default(), agreed: Mutex::default() }
    }

    /// Sends a message and passes every message that comes back to `hand_on`. On `Ok`, all of its requests are
    /// answered; on `Err`, none of them is.
    pub(super) async fn send(
        &self,
        message: &Message,
        mut hand_on: impl FnMut(Value),
    ) -> Result<(), Refusal> {
        let credential = self.credential.lock().await.clone();
        let mut response = self.post(message, credential.as_ref()).await?;
        let mut advice = None;
        if response.status() == StatusCode::UNAUTHORIZED {
            match self.renewed(credential).await {
                Ok(renewed) => response = self.post(message, Some(&renewed)).await?,
                Err(instead) => advice = Some(instead),
            }
        }
        let read = answer::read(response, &message.ids, PATIENCE, |answer| {
            if message.method == "initialize" {
                self.agree_on(&answer["result"]["protocolVersion"]);
            }
            hand_on(answer);
        });
        read.await.map_err(|refusal| match advice {
            Some(advice) => refusal.advising(&advice),
            None => refusal,
        })
    }

    fn agree_on(&self, version: &Value) {
        if let (Some(version), Ok(mut agreed)) = (version.as_str(), self.agreed.lock()) {
            *agreed = Some(version.to_owned());
        }
    }

    async fn post(
        &self,
        message: &Message,
        credential: Option<&SecretString>,
    ) -> Result<Response<Body>, Refusal> {
        let client = self.client()?;
        let mut pauses = PAUSES.iter();
        loop {
            let sent = client.request(self.request(message, credential)?);
            match tokio::time::timeout(PATIENCE, sent).await {
                Ok(Ok(response)) => return Ok(response),
                // Nothing was sent yet, so a retry repeats nothing.
                Ok(Err(error)) if error.is_connect() => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(self.unreachable(&error)),
                },
                Ok(Err(error)) => {
                    return Err(Refusal::new(format!("the connection broke: {}", cause(&error))));
                }
                Err(_) => return Err(Refusal::new(format!("no answer within {} s", PATIENCE.as_secs()))),
            }
        }
    }

    fn request(
        &self,
        message: &Message,
        credential: Option<&SecretString>,
    ) -> Result<Request<Full<Bytes>>, Refusal> {
        let agreed = self.agreed.lock().ok().and_then(|agreed| agreed.clone());
        let version = match message.method.as_str() {
            "initialize" => None,
            _ => message.version().map(str::to_owned).or(agreed),
        };
        let mut request = Request::post(self.config.endpoint.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .header(USER_AGENT, concat!("mem0-cli/", env!("CARGO_PKG_VERSION")));
        let names = [("mcp-protocol-version", version), ("mcp-name", message.name())];
        let method = (!message.method.is_empty()).then(|| message.method.clone());
        for (name, value) in names.into_iter().chain([("mcp-method", method)]) {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(credential) = credential {
            let value = HeaderValue::from_str(&format!("Bearer {}", credential.expose_secret()));
            let mut value = value.map_err(|_| {
                Refusal::new("MEM0_API_KEY contains a character that no key has: a line break or a space?")
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let body = Full::new(Bytes::from(message.text.clone()));
        request.body(body).map_err(|error| Refusal::new(format!("the message cannot be sent: {error}")))
    }

    /// Returns the client, created when first needed: a tool that starts this program expects it to be ready at once.
    fn client(&self) -> Result<Client, Refusal> {
        let mut known = self.client.lock().map_err(|_| Refusal::new("the connection is not usable"))?;
        if let Some(client) = &*known {
            return Ok(client.clone());
        }
        let made = client(&self.config.endpoint);
        let made = made.map_err(|error| Refusal::new(format!("TLS cannot be used: {error}")))?;
        *known = Some(made.clone());
        Ok(made)
    }

    /// Returns a different credential than the one that was refused, because somebody signed in again or the login was
    /// renewed. One request renews it for all that wait. The error says what the person can do instead.
    async fn renewed(&self, refused: Option<SecretString>) -> Result<SecretString, String> {
        let instead = || "run mem0 login, or set MEM0_API_KEY to an API key".to_owned();
        if !self.config.renewable {
            return Err(
                "MEM0_API_KEY is wrong or has ended: correct it, or unset it to use mem0 login".to_owned()
            );
        }
        let (credential, endpoint) = (Arc::clone(&self.credential), self.config.endpoint.clone());
        // A separate task: once the server has exchanged the refresh token, the next one must be stored, even if the
        // request was cancelled meanwhile.
        let renewal = tokio::spawn(async move {
            let mut current = credential.lock().await;
            let (now, then) =
                [current.as_ref(), refused.as_ref()].map(|it| it.map(|it| it.expose_secret())).into();
            if now != then {
                return Ok(current.clone());
            }
            let renewed = login::renew(&endpoint, then).await.map_err(|error| format!("{error:#}"))?;
            *current = renewed.clone().or(current.take());
            Ok::<_, String>(renewed)
        });
        renewal.await.map_err(|_| instead())??.ok_or_else(instead)
    }

    /// Waits until no renewal is in progress.
    pub(super) async fn settled(&self) {
        drop(self.credential.lock().await);
    }

    fn unreachable(&self, error: &Error) -> Refusal {
        let endpoint = &self.config.endpoint;
        let advice = if self.config.named {
            "is the URL right, and does the server run?"
        } else {
            crate::config::UNCONFIGURED
        };
        Refusal::new(format!("cannot reach {endpoint}: {} ({advice})", cause(error)))
    }
}
