//! Grants: what somebody let an application do. Each is a session with terms, so that whatever ends sessions ends it:
//! deactivating its person, logging out everywhere, a refresh token in two hands.

mod applications;
mod start;
pub(super) mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;

use crate::access::ApiKeyVerb;
use crate::ids::{EnterpriseId, GrantId, UserId};

/// How long a grant lasts at most, however often it is refreshed: once a year its person is asked again.
pub const LONGEST: TimeDelta = TimeDelta::days(365);

/// What is agreed between a person and an application.
#[derive(Debug, Clone)]
pub(super) struct NewGrant<'a> {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) client_id: &'a str,
    pub(super) client_name: &'a str,
    /// How it came about, as the database spells it.
    pub(super) kind: &'static str,
    pub(super) scopes: &'a [ApiKeyVerb],
    pub(super) resource: &'a str,
    /// Whether it goes on after its first access token.
    pub(super) refreshable: bool,
}

/// What an application gets (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct Issued {
    /// A JWT, for `Authorization: Bearer`.
    pub access_token: SecretString,
    /// How long that is valid.
    pub expires_in: TimeDelta,
    /// `m0rt_…`, to be exchanged once; none if the grant ends with the access token.
    pub refresh_token: Option<SecretString>,
    /// What it may do.
    pub scopes: Vec<ApiKeyVerb>,
}

/// What somebody let an application do, as they see it.
#[derive(Debug, Clone, Serialize)]
pub struct ApplicationView {
    /// `gnt_…`.
    pub id: GrantId,
    /// Which application.
    pub client_id: String,
    /// Its name, as it said itself.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<ApiKeyVerb>,
    /// The resource that its tokens are for.
    pub resource: String,
    /// The address from which it was allowed.
    pub ip: Option<String>,
    /// When it was allowed.
    pub created_at: DateTime<Utc>,
    /// When it last got a token.
    pub last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}
