//! The HTTP side: checks the origin, the caller, and whether the body is a message.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State as Extract};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use shared::access::AuthContext;
use shared::http::Presented;
use shared::{Error, telemetry};

use crate::State;
use crate::era::{self, Version};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::{self, Message, Request as Call};
use crate::notices::Notices;
use crate::{challenge, headers, methods, reply, tools};

/// The longest message; a tool's arguments are text, not files.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// How much of a message that is refused unread is searched for its id, and for how long.
const HEAD: usize = 16 * 1024;
const GLANCE: Duration = Duration::from_secs(1);

pub(crate) async fn post(Extract(state): Extract<State>, request: Request) -> Response {
    challenge::complete(respond(&state, request).await, &state.url)
}

async fn respond(state: &State, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Err(fault) = state.origins.check(&parts.headers) {
        return reply::refusal(&fault, Version::MODERN[0]);
    }
    let mut body = Incoming::Unread(body);
    let mut parsed = None;
    let presented = Presented::of(&mut parts, state).await;
    let presumed = presented.as_ref().ok().and_then(|presented| presented.presume(&mut parts));
    if let Some(presumed) = presumed {
        let read = body.read(Most::of(&parts)).await;
        parsed = read.ok().map(Message::parse);
        if media_types(&parts.headers).is_ok()
            && let Some(Ok(Message::Request(call))) =
                parsed.take_if(|message| shows_memories(message, presumed.caller()))
        {
            let response = answer(state, presumed.caller().clone(), &parts.headers, call).await;
            if presumed.proven() {
                return response;
            }
        }
        presumed.discard();
    }
    let caller = match presented {
        Ok(presented) => presented.admit(&mut parts).await,
        Err(error) => Err(error),
    };
    let caller = match caller {
        Ok(caller) => caller,
        // HTTP tells the client where to get a better credential.
        Err(error) if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&error.status()) => {
            return error.into_response();
        }
        Err(error) => {
            let head = Most { bytes: HEAD, whose: "" };
            let id = match tokio::time::timeout(GLANCE, body.read(head)).await {
                Ok(Ok(bytes)) => message::id_within(bytes),
                Ok(Err((id, _))) => id.clone(),
                Err(_) => None,
            };
            return reply::unread(id.as_ref(), error);
        }
    };
    if let Err(fault) = media_types(&parts.headers) {
        return reply::refusal(&fault, Version::MODERN[0]);
    }
    let bytes = match body.into_read(Most::of(&parts)).await {
        Ok(bytes) => bytes,
        Err((id, error)) => return reply::unread(id.as_ref(), error),
    };
    let message = match parsed.unwrap_or_else(|| Message::parse(&bytes)) {
        Ok(message) => message,
        Err(fault) => return reply::refusal(&fault, Version::MODERN[0]),
    };
    match message {
        Message::Request(call) => answer(state, caller, &parts.headers, call).await,
        // No notification changes a later answer: there is no session to change.
        Message::Notification { method, params } => {
            let checked = era::version(&parts.headers, &method, &params).and_then(|version| {
                if version.is_modern() { headers::agree(&parts.headers, &method, &params) } else { Ok(()) }
            });
            match checked {
                Ok(()) => StatusCode::ACCEPTED.into_response(),
                Err(fault) => reply::refusal(&fault, Version::MODERN[0]),
            }
        }
        Message::Response => StatusCode::ACCEPTED.into_response(),
    }
}

/// Whether a message is a request that shows memories to this caller and changes nothing.
fn shows_memories(message: &Result<Message, Fault>, caller: &AuthContext) -> bool {
    matches!(message, Ok(Message::Request(call)) if tools::shows_memories(call, caller))
}

async fn answer(state: &State, caller: AuthContext, headers: &HeaderMap, call: Call) -> Response {
    let version = match era::version(headers, &call.method, &call.params) {
        Ok(version) => version,
        Err(fault) => return reply::fault(&call.id, &fault, Version::MODERN[0]),
    };
    let terms = match era::terms(version, headers, &call.method, &call.params) {
        Ok(terms) => terms,
        Err(fault) => return reply::fault(&call.id, &fault, version),
    };
    let (operation, target) = methods::operation(&call);
    telemetry::about(operation, target);
    let filters = methods::filters(&call);
    let scopes = methods::scopes(&call, filters.as_ref());
    let caller = match caller.reaching(&state.memories.gate().db, scopes).await {
        Ok(caller) => caller,
        Err(error) => return reply::fault(&call.id, &Error::from(error).into(), version),
    };
    let notices = Notices::new(&terms, accepts(headers, "text/event-stream"));
    let exchange = Exchange { state, caller: &caller, terms, notices, filters };
    match methods::call(&exchange, &call).await {
        Ok(result) => reply::result(&call.id, result, &exchange),
        Err(fault) => match fault.needed() {
            Some(scopes) => challenge::insufficient(reply::fault(&call.id, &fault, version), scopes),
            None => reply::fault(&call.id, &fault, version),
        },
    }
}

/// A web page can send a form or plain text to any host, but JSON only where it is allowed to.
fn media_types(headers: &HeaderMap) -> Result<(), Fault> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim();
    if !sent.eq_ignore_ascii_case("application/json") {
        return Err(Fault::not_accepted(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/json",
        ));
    }
    if headers.contains_key(ACCEPT) && !accepts(headers, "application/json") {
        return Err(Fault::not_accepted(StatusCode::NOT_ACCEPTABLE, "accept must list application/json"));
    }
    Ok(())
}

fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let (family, _) = kind.split_once('/').unwrap_or((kind, ""));
    let listed = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        range == "*/*" || range.eq_ignore_ascii_case(kind) || range == format!("{family}/*")
    })
}

/// The longest message that is accepted, and who sets that limit.
struct Most {
    bytes: usize,
    whose: &'static str,
}

impl Most {
    fn of(parts: &Parts) -> Self {
        match shared::http::body_limit(parts) {
            Some(bytes) if bytes < MAX_MESSAGE_BYTES => {
                Self { bytes, whose: "by the plan: send less at a time, or ask for a larger plan" }
            }
            _ => Self { bytes: MAX_MESSAGE_BYTES, whose: "" },
        }
    }
}

/// A body, or an error with the message's id if it can be found.
type Read = Result<Vec<u8>, (Option<Value>, Error)>;

/// The body of a request, which can be read once.
enum Incoming {
    Unread(Body),
    Read(Read),
}

impl Incoming {
    /// Reads the body unless that was done before.
    async fn read(&mut self, most: Most) -> Result<&[u8], &(Option<Value>, Error)> {
        if let Self::Unread(body) = self {
            let body = std::mem::take(body);
            *self = Self::Read(read(body, most.bytes, most.whose).await);
        }
        match self {
            Self::Read(read) => read.as_deref(),
            Self::Unread(_) => Ok(&[]),
        }
    }

    async fn into_read(self, most: Most) -> Read {
        match self {
            Self::Unread(body) => read(body, most.bytes, most.whose).await,
            Self::Read(read) => read,
        }
    }
}

async fn read(mut body: Body, most: usize, whose: &str) -> Read {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(most);
    let mut bytes = Vec::with_capacity(expected.min(most));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| (None, Error::malformed("the body could not be read")))?;
        let data = frame.data_ref().map(|data| data.as_ref()).unwrap_or_default();
        let room = most - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            let what = format!("a message may have at most {most} bytes {whose}");
            let what = what.trim_end().to_owned();
            return Err((message::id_within(&bytes), Error::TooLarge(what)));
        }
    }
    Ok(bytes)
}
