//! Service accounts as services take and give them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::tenancy::place::Place;
use crate::tenancy::users::Status;

/// A service account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// Its id, also as a member of nodes and as an OAuth client.
    pub id: UserId,
    /// What it is called.
    pub name: String,
    /// The node that owns it.
    pub owned_by: Place,
    /// Whether it can be used.
    pub status: Status,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it cannot be used.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// A service account to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewServiceAccount {
    /// What it is called.
    pub name: String,
}

/// What is to be different about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountChange {
    /// Another name.
    pub name: String,
}
