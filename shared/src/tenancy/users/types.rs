//! Outputs of the account services.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::access::Role;
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::ids::UserId;
use crate::tenancy::place::Place;

/// Whether an account is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can be used.
    Active,
    /// Its sessions and keys are invalid, and no new ones are issued.
    Deactivated,
}

impl Status {
    /// The status as the database spells it.
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

/// Whether an account belongs to a person or to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person.
    Person,
    /// A program: a service account.
    Service,
}

/// An account.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its e-mail address; `None` for a service account.
    pub email: Option<String>,
    /// The person's name, possibly empty.
    pub name: String,
    /// Whether it belongs to a person or to a program.
    pub kind: Kind,
    /// Whether it is active.
    pub status: Status,
    /// Its role on the whole enterprise, if any.
    pub role: Option<Role>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was deactivated.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// An account and all of its memberships.
#[derive(Debug, Clone, Serialize)]
pub struct UserDetails {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Its roles and their scopes, from the enterprise down.
    pub memberships: Vec<Membership>,
}

/// A role held on a scope.
#[derive(Debug, Clone, Serialize)]
pub struct Membership {
    /// The scope.
    #[serde(flatten)]
    pub place: Place,
    /// The role.
    pub role: Role,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Only those with this status.
    pub status: Option<Status>,
    /// Only the one with this address.
    pub email: Option<EmailAddress>,
}
