//! API keys as services take and give them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::access::{ApiKeyVerb, Classification, ScopeName};
use crate::ids::{ApiKeyId, UserId};

/// Whose keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The caller's own.
    Own,
    /// Those of a service account that the caller administers.
    Of(UserId),
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for; not empty.
    pub scopes: Vec<ApiKeyVerb>,
    /// The scopes with whose subtrees it is content; none: with all that its owner may see.
    pub within: Option<Vec<ScopeName>>,
    /// The highest classification that it may be used for; none: any.
    pub ceiling: Option<Classification>,
    /// When it ends; none: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How a key is to be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// How long the old key is good beside the new one.
    pub overlap: TimeDelta,
}

/// A key, as its owner sees it: everything but the secret.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyView {
    /// `key_…`.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// How the secret begins.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<ApiKeyVerb>,
    /// The scopes with whose subtrees it is content, as far as the reader can see them; null: with all of its owner's.
    pub within: Option<Vec<String>>,
    /// The highest classification that it may be used for; null: any.
    pub ceiling: Option<Classification>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; none: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key that it took over from.
    pub rotated_from: Option<ApiKeyId>,
    /// Who made it: of a service account's, whoever may still have it. Null where that was not noted.
    pub created_by: Option<UserId>,
}
