//! Protocol errors: the JSON-RPC code and the HTTP status that goes with it.
//!
//! An error inside a tool is not a fault: it becomes a result that reports it; see [`crate::tools`].

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};
use shared::Error;
use shared::access::ApiKeyVerb;

use crate::era::Version;

/// JSON-RPC 2.0, section 5.1.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
/// MCP 2026-07-28.
const HEADER_MISMATCH: i32 = -32020;
const MISSING_CAPABILITY: i32 = -32021;
const UNSUPPORTED_VERSION: i32 = -32022;
/// MCP until 2025-11-25: the resource does not exist.
const RESOURCE_NOT_FOUND: i32 = -32002;
/// Our own code, outside the range that JSON-RPC reserves: the caller may know of the object, but not do this.
const FORBIDDEN: i32 = 403;
/// The same for a caller who has to wait, which clients can tell from a fault of ours by this code.
const LIMIT_REACHED: i32 = 429;

/// An error that is answered instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) code: i32,
    pub(crate) message: Cow<'static, str>,
    pub(crate) data: Option<Value>,
    /// The HTTP status in the modern era; the old era answers every request with 200.
    modern_status: StatusCode,
    /// Whether the old era uses that status too.
    always: bool,
    /// The scopes that the application lacks, if that is the problem.
    needed: Vec<ApiKeyVerb>,
    /// The id of a message that is refused before it is known to be a request, if it can be found.
    pub(crate) id: Option<Value>,
}

impl Fault {
    fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
            modern_status: StatusCode::OK,
            always: false,
            needed: Vec::new(),
            id: None,
        }
    }

    fn refusal(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { modern_status: StatusCode::BAD_REQUEST, always: true, ..Self::new(code, message) }
    }

    /// Sets the id of the message.
    pub(crate) fn of(self, id: Option<Value>) -> Self {
        Self { id, ..self }
    }

    /// The body is not JSON.
    pub(crate) fn not_json(problem: impl std::fmt::Display) -> Self {
        Self::refusal(PARSE_ERROR, format!("the body is not valid JSON: {problem}"))
    }

    /// The body is JSON, but not a message.
    pub(crate) fn not_a_message(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::refusal(INVALID_REQUEST, problem)
    }

    /// Something other than the body is wrong with the HTTP request.
    pub(crate) fn not_accepted(status: StatusCode, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { modern_status: status, ..Self::refusal(INVALID_REQUEST, problem) }
    }

    /// A header is missing or contradicts the body.
    pub(crate) fn header(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::refusal(HEADER_MISMATCH, problem)
    }

    /// A modern request lacks what every one must carry.
    pub(crate) fn meta(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::refusal(INVALID_PARAMS, problem)
    }

    /// The version is not supported, or not in this way.
    pub(crate) fn version(requested: &str, supported: &[Version]) -> Self {
        let supported: Vec<_> = supported.iter().map(|version| version.as_str()).collect();
        let data = json!({ "supported": supported, "requested": requested });
        Self {
            data: Some(data),
            ..Self::refusal(UNSUPPORTED_VERSION, format!("unsupported protocol version {requested:?}"))
        }
    }

    /// The request needs capabilities that the client lacks.
    pub(crate) fn capability(required: Value) -> Self {
        Self {
            data: Some(json!({ "requiredCapabilities": required })),
            ..Self::refusal(MISSING_CAPABILITY, "the client does not declare a capability that this needs")
        }
    }

    /// The application lacks a scope. HTTP reports it too, where clients look for it.
    pub(crate) fn insufficient_scope(message: String, needed: Vec<ApiKeyVerb>) -> Self {
        Self { modern_status: StatusCode::FORBIDDEN, always: true, needed, ..Self::new(FORBIDDEN, message) }
    }

    /// Returns the scopes that the application lacks, if that is the problem.
    pub(crate) fn needed(&self) -> Option<&[ApiKeyVerb]> {
        (!self.needed.is_empty()).then_some(&self.needed)
    }

    /// The method does not exist.
    pub(crate) fn method(name: &str) -> Self {
        Self {
            modern_status: StatusCode::NOT_FOUND,
            ..Self::new(METHOD_NOT_FOUND, format!("unknown method {name:?}"))
        }
    }

    /// The parameters are wrong.
    pub(crate) fn params(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INVALID_PARAMS, problem)
    }

    /// The resource does not exist, or the caller must not know of it.
    pub(crate) fn resource(uri: &str, version: Version) -> Self {
        let code = if version.is_modern() { INVALID_PARAMS } else { RESOURCE_NOT_FOUND };
        Self { data: Some(json!({ "uri": uri })), ..Self::new(code, "resource not found") }
    }

    /// Returns the JSON-RPC error object.
    pub(crate) fn object(&self) -> Value {
        let mut object = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            object["data"] = data.clone();
        }
        object
    }

    /// Returns the HTTP status for a caller of this version.
    pub(crate) fn status(&self, version: Version) -> StatusCode {
        if self.always || version.is_modern() { self.modern_status } else { StatusCode::OK }
    }
}

impl Fault {
    /// The error for a message that was not even read, sent with the HTTP status of that error.
    pub(crate) fn unread(error: &Error) -> Self {
        let code = match error.status() {
            StatusCode::TOO_MANY_REQUESTS => LIMIT_REACHED,
            status if status.is_server_error() => INTERNAL_ERROR,
            _ => INVALID_REQUEST,
        };
        Self { data: pause(error), ..Self::new(code, explain(error)) }
    }
}

/// How many seconds to wait before trying again, if that is the problem: the status and `Retry-After` are not seen by
/// everything that handles the message.
fn pause(error: &Error) -> Option<Value> {
    match error {
        Error::LimitReached { retry_after, .. } => {
            Some(json!({ "retry_after": retry_after.as_secs().max(1) }))
        }
        _ => None,
    }
}

/// Used outside of tools, where no result can carry the error.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        error.log();
        let (message, data) = (explain(&error), pause(&error));
        match error {
            Error::Invalid { .. }
            | Error::NotFound { .. }
            | Error::Missing(_)
            | Error::UnknownAddress(_)
            | Error::TooLarge(_)
            | Error::Encoded
            | Error::Conflict(_) => Self::new(INVALID_PARAMS, message),
            Error::InsufficientScope { needed, .. } => Self::insufficient_scope(message, needed),
            Error::Forbidden(_) | Error::QuotaReached(_) | Error::Unauthenticated(_) => {
                Self::new(FORBIDDEN, message)
            }
            Error::LimitReached { .. } => Self { data, ..Self::new(LIMIT_REACHED, message) },
            Error::Unavailable { .. } | Error::Internal(_) => Self::new(INTERNAL_ERROR, message),
        }
    }
}

/// Describes an error in words that help a model to correct itself, without internals.
pub(crate) fn explain(error: &Error) -> String {
    match error {
        Error::Internal(_) => match shared::telemetry::request_id() {
            Some(id) => format!("internal error, ask for help with request id {id}"),
            None => "internal error".to_owned(),
        },
        other => other.to_string(),
    }
}
