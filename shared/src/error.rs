//! What a caller can be told, by meaning. Rendered for HTTP in `http::problem` and for MCP in `functions/mcp`.

use std::time::Duration;

use crate::access::ApiKeyVerb;
use crate::db::StoreError;
use crate::ids::ParseIdError;

/// The result of a service method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal or a failure, by what it means to the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong and retrying will not help: 400. `field` is a path into the input,
    /// `filters.AND[1].user_id`.
    #[error("{}", in_place(field.as_deref(), message))]
    Invalid {
        /// The place in the input, if known.
        field: Option<String>,
        /// What is wrong and what would be right.
        message: String,
    },
    /// There is no credential, or it is not valid: 401.
    #[error("{0}")]
    Unauthenticated(Unauthenticated),
    /// The caller may know that the thing exists, but may not do this to it: 403.
    #[error("{0}")]
    Forbidden(String),
    /// The caller's token was not issued for this, whether it is an application's or a service account's. Another token
    /// could be (RFC 6750, 3.1): 403.
    #[error("this token lacks the scope {}", lacking.as_str())]
    InsufficientScope {
        /// The missing scope.
        lacking: ApiKeyVerb,
        /// The scopes to request: the missing one and those that the token has.
        needed: Vec<ApiKeyVerb>,
    },
    /// There is no such thing that the caller may know about: 404.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for: `memory`.
        what: &'static str,
    },
    /// One of several things is not there, or the caller may not know about it: 404, with its id.
    #[error("{0} not found")]
    Missing(String),
    /// The URL cannot name anything, or nothing that the credential reaches: 404, with what would be right.
    #[error("{0}")]
    UnknownAddress(String),
    /// The current state does not allow it: 409.
    #[error("{0}")]
    Conflict(String),
    /// The body is larger than allowed: 413.
    #[error("{0}")]
    TooLarge(String),
    /// The body has a `Content-Encoding`: 415.
    #[error("send the body without Content-Encoding")]
    Encoded,
    /// Too many requests: 429, with the time after which to try again.
    #[error("{what}, try again in {} s", retry_after.as_secs())]
    LimitReached {
        /// What there was too much of.
        what: &'static str,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The quota of the enterprise's plan is used up: 413, by which mem0's clients recognize a quota.
    #[error("{0}")]
    QuotaReached(String),
    /// A component that the response needs is unavailable right now: 503. The cause is logged, never shown.
    #[error("{message}")]
    Unavailable {
        /// What the caller is told.
        message: &'static str,
        /// The cause, for operators only.
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// An internal fault: 500. The source is logged, never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a credential was not accepted. The wording never reveals whether an account or key exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The request carries none.
    #[error("authentication required: send a bearer token or an API key")]
    Missing,
    /// It is malformed, tampered with, revoked, or of an account that is no longer active.
    #[error("the credential is not valid")]
    Invalid,
    /// It has expired.
    #[error("the credential has expired")]
    Expired,
    /// It is genuine, and valid for another resource of this installation.
    #[error("this token is for {0}, not for this address")]
    Elsewhere(String),
    /// E-mail and password do not match an active account.
    #[error("e-mail address or password is wrong")]
    Login,
}

impl Error {
    /// A request that is wrong in one named place.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: Some(field.into()), message: message.into() }
    }

    /// A request that is wrong as a whole.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::Invalid { field: None, message: message.into() }
    }

    /// What the caller is told, without the place in the input.
    #[must_use]
    pub fn without_place(&self) -> String {
        match self {
            Self::Invalid { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// The same error, found in a part of the input: `memories[1]`.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        match self {
            Self::Invalid { field, message } => {
                let field = field.map_or_else(|| place.to_owned(), |field| format!("{place}.{field}"));
                Self::Invalid { field: Some(field), message }
            }
            other => other,
        }
    }

    /// A component that is unavailable right now, and why.
    pub fn unavailable(
        message: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { message, cause: Some(cause.into()) }
    }

    /// Whether the same request would be refused again in the present state.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Forbidden(_)
                | Self::Conflict(_)
                | Self::Invalid { .. }
                | Self::NotFound { .. }
                | Self::Missing(_)
                | Self::UnknownAddress(_)
                | Self::QuotaReached(_)
        )
    }

    /// Whether the request only lost against a concurrent change, so that a retry may succeed or be refused for a
    /// reason that can be told. This includes the violation of a constraint that nobody expected: something that was
    /// checked before has come or gone in the meantime.
    #[must_use]
    pub fn lost_a_race(&self) -> bool {
        let cause = match self {
            Self::Unavailable { cause: Some(cause), .. } | Self::Internal(cause) => cause,
            _ => return false,
        };
        matches!(
            cause.downcast_ref::<StoreError>(),
            Some(StoreError::Serialization { .. } | StoreError::Constraint { .. })
        )
    }

    /// An internal fault.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

/// Puts the place in front of the message: mem0's clients show nothing else of an error.
fn in_place(field: Option<&str>, message: &str) -> String {
    let Some(field) = field else { return message.to_owned() };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    match message.strip_prefix(field) {
        Some(rest) if !rest.starts_with(is_word) => message.to_owned(),
        _ => format!("{field}: {message}"),
    }
}

impl From<Unauthenticated> for Error {
    fn from(reason: Unauthenticated) -> Self {
        Self::Unauthenticated(reason)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Interrupted { .. } => {
                Self::unavailable("the database is not available right now", error)
            }
            // A deployment is under way: this code runs before its migration, which will be applied shortly.
            StoreError::Schema(_) => {
                Self::unavailable("the database is not ready for this version yet", error)
            }
            StoreError::Serialization { .. } => {
                Self::unavailable("another change was made at the same time, try again", error)
            }
            // The schema's guard: the scope was deleted after the caller was found to see it.
            error if error.violates("memories_scopes") => Self::NotFound { what: "scope" },
            other => Self::internal(other),
        }
    }
}

/// For ids in a body or a query string; in a path it is [`Error::UnknownAddress`].
impl From<ParseIdError> for Error {
    fn from(error: ParseIdError) -> Self {
        Self::malformed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_comes_first_and_once() {
        let said = |field: &str, message: &str| Error::invalid(field, message).to_string();
        assert_eq!(said("text", "must not be empty"), "text: must not be empty");
        assert_eq!(said("limit", "limit is 1000"), "limit is 1000");
        assert_eq!(said("exp", "expected a number"), "exp: expected a number");
        assert_eq!(Error::malformed("the body is empty").to_string(), "the body is empty");
        let within = |error: Error| error.within("memories[1]").to_string();
        assert_eq!(within(Error::invalid("text", "is missing")), "memories[1].text: is missing");
        assert_eq!(within(Error::malformed("nothing to change")), "memories[1]: nothing to change");
    }
}
