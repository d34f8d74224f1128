//! The HTTP side: one POST a message, over connections that are kept and made anew when they are gone.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Error;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::events::Events;
use super::message::Message;
use crate::client::{Client, cause, client};
use crate::config::Config;
use crate::login;

/// How long the beginning of an answer may take; the server itself gives up after 25 s.
const PATIENCE: Duration = Duration::from_secs(40);
/// Pauses before trying again to connect: a server that restarts is back soon.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

type Body = hyper::body::Incoming;

/// The server, as far as it is known.
pub(super) struct Remote {
    config: Config,
    /// The one that was good last; held while it is renewed.
    credential: tokio::sync::Mutex<Option<SecretString>>,
    client: Mutex<Option<Client>>,
    /// What an old client's handshake agreed on.
    agreed: Mutex<Option<String>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status, or JSON-RPC's internal error if it did not come to one.
    pub(super) code: i32,
    pub(super) message: String,
}

impl Remote {
    pub(super) fn new(config: Config) -> Self {
        let credential = config.credential.clone().into();
        Self { config, credential, client: Mutex::default(), agreed: Mutex::default() }
    }

    /// Sends a message and hands on every message that comes back.
    pub(super) async fn send(
        &self,
        message: &Message,
        mut hand_on: impl FnMut(Value),
    ) -> Result<(), Refusal> {
        let credential = self.credential.lock().await.clone();
        let mut response = self.post(message, credential.as_ref()).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(renewed) = self.renewed(credential).await
        {
            response = self.post(message, Some(&renewed)).await?;
        }
        let status = response.status();
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let broken = |error: hyper::Error| refusal(format!("the answer broke off: {error}"));
        if kind.starts_with("text/event-stream") {
            let (mut body, mut events) = (response.into_body(), Events::default());
            while let Some(frame) = body.frame().await {
                let bytes = frame.map_err(broken)?.into_data().unwrap_or_default();
                for data in events.push(&bytes) {
                    hand_on(serde_json::from_str(&data).map_err(|_| unintelligible(status))?);
                }
            }
            return Ok(());
        }
        let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
        if message.id.is_null() {
            // A notification is accepted without a word.
            return if status.is_success() { Ok(()) } else { Err(problem(status, &body)) };
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if answer.get("jsonrpc").is_some() => {
                if message.method == "initialize"
                    && let (Some(version), Ok(mut agreed)) =
                        (answer["result"]["protocolVersion"].as_str(), self.agreed.lock())
                {
                    *agreed = Some(version.to_owned());
                }
                hand_on(answer);
                Ok(())
            }
            _ => Err(problem(status, &body)),
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
                // Nothing was sent yet, so trying again does nothing twice.
                Ok(Err(error)) if error.is_connect() => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(self.unreachable(&error)),
                },
                Ok(Err(error)) => return Err(refusal(format!("the connection broke: {}", cause(&error)))),
                Err(_) => return Err(refusal(format!("no answer within {} s", PATIENCE.as_secs()))),
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
            let mut value =
                value.map_err(|_| refusal("the credential has characters that none has".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let body = Full::new(Bytes::from(message.text.clone()));
        request.body(body).map_err(|error| refusal(format!("the message cannot be sent: {error}")))
    }

    /// The client, made when it is first needed: a tool that starts us wants to hear of it at once.
    fn client(&self) -> Result<Client, Refusal> {
        let mut known = self.client.lock().map_err(|_| refusal("the connection is not usable".to_owned()))?;
        if let Some(client) = &*known {
            return Ok(client.clone());
        }
        let made = client(&self.config.endpoint);
        let made = made.map_err(|error| refusal(format!("TLS cannot be used: {error}")))?;
        *known = Some(made.clone());
        Ok(made)
    }

    /// Another credential than the one that was refused: somebody signed in again meanwhile, or the login is renewed.
    /// One request does it for all that wait. A variable of the environment cannot be renewed.
    async fn renewed(&self, refused: Option<SecretString>) -> Option<SecretString> {
        if !self.config.from_login {
            return None;
        }
        let mut current = self.credential.lock().await;
        let (now, then) =
            [current.as_ref(), refused.as_ref()].map(|it| it.map(|it| it.expose_secret())).into();
        if now != then {
            return current.clone();
        }
        match login::renew(then).await {
            Ok(renewed) => {
                current.clone_from(&renewed);
                renewed
            }
            Err(error) => {
                crate::say(&format!("{error:#}"));
                None
            }
        }
    }

    fn unreachable(&self, error: &Error) -> Refusal {
        let endpoint = &self.config.endpoint;
        refusal(format!(
            "cannot reach {endpoint}: {} (is MEM0_URL right, and does the server run?)",
            cause(error)
        ))
    }
}

fn refusal(message: String) -> Refusal {
    Refusal { code: -32603, message }
}

fn unintelligible(status: StatusCode) -> Refusal {
    Refusal {
        code: status.as_u16().into(),
        message: format!("the server answered {status} without a message"),
    }
}

/// An answer that is no JSON-RPC: a problem (RFC 9457), or something of a front end's.
fn problem(status: StatusCode, body: &[u8]) -> Refusal {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(detail) = problem["detail"].as_str() else { return unintelligible(status) };
    let hint = match status {
        StatusCode::UNAUTHORIZED => " (run mem0 login, or set MEM0_API_KEY to an API key)",
        _ => "",
    };
    Refusal { code: status.as_u16().into(), message: format!("{status}: {detail}{hint}") }
}
