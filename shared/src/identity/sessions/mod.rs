//! Sessions: logins, and the family of refresh tokens that descends from each.

mod end;
mod login;
mod start;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;

pub(super) use end::{
    end_all_of, end_one, end_others, lock_caller, revoke_code, revoke_family, revoke_grants_of, revoke_one,
};
pub(super) use start::open;

use super::accounts::AccountView;
use crate::ids::{SessionId, UserId};

/// The maximum lifetime of a session, however often it is refreshed.
pub const LONGEST: TimeDelta = TimeDelta::days(30);

/// Ended sessions are not shown to anybody, but kept for this long so that reuse of their tokens is recognized.
const KEPT_AFTER_END: TimeDelta = TimeDelta::days(30);

/// The result of signing in or refreshing.
#[derive(Debug)]
pub struct SignedIn {
    /// A JWT, for `Authorization: Bearer`.
    pub access_token: SecretString,
    /// How long the access token is valid.
    pub expires_in: TimeDelta,
    /// `m0rt_…`, to be exchanged for the next pair once.
    pub refresh_token: SecretString,
    /// The account.
    pub account: AccountView,
    /// The session that the tokens belong to.
    pub session: SessionId,
}

/// Selects whose sessions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// The caller's own.
    Own,
    /// Those of somebody whose account the caller administers.
    Of(UserId),
}

/// A session, as its owner and administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// `ses_…`.
    pub id: SessionId,
    /// Whether it is the session of this request.
    pub current: bool,
    /// The address it was started from.
    pub ip: Option<String>,
    /// The `User-Agent` it was started with.
    pub user_agent: Option<String>,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub refreshed_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}
