//! Grants: what a user authorized an application to do. Each is a session with terms, so whatever ends sessions ends
//! it: deactivating the user, logging out everywhere, reuse of a refresh token.

mod applications;
mod start;
pub(super) mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;

use crate::access::ApiKeyVerb;
use crate::ids::{EnterpriseId, GrantId, IdentityProviderId, UserId};

/// The maximum lifetime of a grant, however often it is refreshed: the user is asked again once a year.
pub const LONGEST: TimeDelta = TimeDelta::days(365);

/// The terms between a user and an application.
#[derive(Debug, Clone)]
pub(super) struct NewGrant<'a> {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) client_id: &'a str,
    pub(super) client_name: &'a str,
    /// The grant type, as the database spells it.
    pub(super) kind: &'static str,
    pub(super) scopes: &'a [ApiKeyVerb],
    pub(super) resource: &'a str,
    /// Where its code was sent, if it had one.
    pub(super) redirect_uri: Option<&'a str>,
    /// The identity provider whose assertion it was exchanged for.
    pub(super) provider: Option<IdentityProviderId>,
    /// Whether it continues after its first access token.
    pub(super) refreshable: bool,
}

/// The tokens issued to an application (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct Issued {
    /// A JWT, for `Authorization: Bearer`.
    pub access_token: SecretString,
    /// How long the access token is valid.
    pub expires_in: TimeDelta,
    /// `m0rt_…`, to be exchanged once; `None` if the grant ends with the access token.
    pub refresh_token: Option<SecretString>,
    /// What the application may do.
    pub scopes: Vec<ApiKeyVerb>,
}

/// A grant, as its user sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ApplicationView {
    /// `gnt_…`.
    pub id: GrantId,
    /// The application's `client_id`.
    pub client_id: String,
    /// The application's name, as it gave it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<ApiKeyVerb>,
    /// The resource that its tokens are for.
    pub resource: String,
    /// Where it had the browser sent with its code, if it used one.
    pub redirect_uri: Option<String>,
    /// The address from which the grant was given.
    pub ip: Option<String>,
    /// When the grant was given.
    pub created_at: DateTime<Utc>,
    /// When the application last got a token.
    pub last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}
