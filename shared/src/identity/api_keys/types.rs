//! Inputs and outputs of the API key service.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::access::{ApiKeyVerb, Classification, ScopeName};
use crate::ids::{ApiKeyId, UserId};

/// Selects whose keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The caller's own.
    Own,
    /// Those of a service account that the caller administers.
    Of(UserId),
    /// Those of somebody whose account the caller administers, to list and revoke.
    OfUser(UserId),
}

/// The properties of a new key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its name, chosen by the owner.
    pub name: String,
    /// What it may be used for; must not be empty.
    pub scopes: Vec<ApiKeyVerb>,
    /// The scopes whose subtrees it is restricted to; `None` for everything its owner may see.
    pub within: Option<Vec<ScopeName>>,
    /// The highest classification that it may be used for; `None` for any.
    pub ceiling: Option<Classification>,
    /// When it expires; `None` if it is valid until revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The parameters of a rotation.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// How long the old key remains valid beside the new one.
    pub overlap: TimeDelta,
}

/// A key, as its owner sees it: everything but the secret.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyView {
    /// `key_…`.
    pub id: ApiKeyId,
    /// Its name, chosen by the owner.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<ApiKeyVerb>,
    /// The scopes whose subtrees it is restricted to, as far as the reader can see them; null for everything its owner
    /// may see.
    pub within: Option<Vec<String>>,
    /// The highest classification that it may be used for; null for any.
    pub ceiling: Option<Classification>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires; null if it is valid until revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key that it replaced.
    pub rotated_from: Option<ApiKeyId>,
    /// Who created it; for a service account's key, a person who may still have the secret. Null if this was not
    /// recorded.
    pub created_by: Option<UserId>,
}
