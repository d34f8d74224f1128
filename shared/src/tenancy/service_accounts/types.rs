//! Inputs and outputs of the service account services.

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
    /// Its name.
    pub name: String,
    /// The node that owns it.
    pub owned_by: Place,
    /// Whether it is active.
    pub status: Status,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was deactivated.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// A service account to create.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewServiceAccount {
    /// Its name.
    pub name: String,
}

/// Changes to a service account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountChange {
    /// The new name.
    pub name: String,
}
