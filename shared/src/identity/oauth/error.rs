//! Errors for applications (RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2, RFC 8628 section 3.5, RFC 8707
//! section 2, RFC 7009 section 2.2.1).

use crate::db::StoreError;
use crate::error::{Error, Unauthenticated};

/// The error code of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Something is missing, given twice or malformed.
    InvalidRequest,
    /// There is no such application, or it failed to authenticate.
    InvalidClient,
    /// The code, token or assertion is not valid, or belongs to another application.
    InvalidGrant,
    /// This application may not use this grant type.
    UnauthorizedClient,
    /// The grant type is not supported.
    UnsupportedGrantType,
    /// The response type is not supported.
    UnsupportedResponseType,
    /// None of the requested scopes can be granted.
    InvalidScope,
    /// The resource is not one of ours.
    InvalidTarget,
    /// The user refused.
    AccessDenied,
    /// The user has not decided yet.
    AuthorizationPending,
    /// The user has not decided yet, and the device polls too often.
    SlowDown,
    /// The user did not decide in time.
    ExpiredToken,
    /// Tokens of this kind cannot be revoked.
    UnsupportedTokenType,
    /// A redirect URI that cannot be registered.
    InvalidRedirectUri,
    /// Other metadata that cannot be registered.
    InvalidClientMetadata,
}

impl Code {
    /// The code as responses spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
        }
    }
}

/// Why an application's request failed.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// A refusal with a code of the protocol, and what would be right.
    #[error("{1}")]
    Refused(Code, String),
    /// Anything else: a limit or an internal fault.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl OAuthError {
    /// A refusal.
    pub fn new(code: Code, description: impl Into<String>) -> Self {
        Self::Refused(code, description.into())
    }

    /// Turns the error of checking a credential into a refusal of the grant.
    pub(super) fn of_grant(error: Error, what: &str) -> Self {
        match error {
            Error::Unauthenticated(Unauthenticated::Expired) => {
                Self::new(Code::InvalidGrant, format!("the {what} has expired"))
            }
            Error::Unauthenticated(_) => Self::new(Code::InvalidGrant, format!("the {what} is not valid")),
            other => Self::Failed(other),
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}
