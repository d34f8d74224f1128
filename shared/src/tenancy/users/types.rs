//! Accounts as services give them.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::access::Role;
use crate::db::StoreError;
use crate::ids::UserId;
use crate::tenancy::place::Place;

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can.
    Active,
    /// Its sessions and keys are dead, and no new ones are given.
    Deactivated,
}

impl Status {
    /// As the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }

    pub(in crate::tenancy) fn from_row(row: &Row) -> Result<Self, StoreError> {
        let status = row.get::<_, &str>("status").parse();
        status.map_err(|problem| StoreError::Corrupt { table: "users", column: "status", problem })
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Active, Self::Deactivated]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("unknown status {text:?}, expected active or deactivated"))
    }
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person's.
    Person,
    /// A program's: a service account.
    Service,
}

/// An account.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its e-mail address.
    pub email: String,
    /// The person's name, possibly empty.
    pub name: String,
    /// Whether it is a person's or a program's.
    pub kind: Kind,
    /// Whether it can be used.
    pub status: Status,
    /// Its role on the whole enterprise, if any.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it cannot be used.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// An account and every membership of it.
#[derive(Debug, Clone, Serialize)]
pub struct UserDetails {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Where it holds which role, from the enterprise down.
    pub memberships: Vec<Membership>,
}

/// A role held on a scope.
#[derive(Debug, Clone, Serialize)]
pub struct Membership {
    /// Which scope.
    #[serde(flatten)]
    pub place: Place,
    /// Which role.
    pub role: Role,
}

/// Which accounts a list has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Those of this status.
    pub status: Option<Status>,
}
