//! Groups as services take and give them.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::ids::{GroupId, UserId};
use crate::tenancy::place::Place;

/// Who says who belongs to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    /// People, here.
    Manual,
    /// A directory, over SCIM.
    Scim,
    /// A directory, over LDAP.
    Ldap,
}

impl Manager {
    /// As the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Scim => "scim",
            Self::Ldap => "ldap",
        }
    }
}

impl FromStr for Manager {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Manual, Self::Scim, Self::Ldap]
            .into_iter()
            .find(|manager| manager.as_str() == text)
            .ok_or_else(|| format!("unknown manager of a group {text:?}"))
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// What it is called; once at a node.
    pub name: String,
    /// Where it is kept.
    pub at: Place,
    /// Who says who belongs to it.
    pub managed_by: Manager,
    /// What its directory calls it.
    pub external_id: Option<String>,
    /// How many belong to it.
    pub members: i64,
    /// The roles that it holds where the reader can see the node.
    pub roles: Vec<GroupRole>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last renamed.
    pub updated_at: DateTime<Utc>,
}

/// A role that a group holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which.
    pub role: Role,
}

/// A group that holds a role on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOfGroup {
    /// Which group.
    pub group_id: GroupId,
    /// What it is called.
    pub name: String,
    /// Which role.
    pub role: Role,
    /// How many people have it through the group.
    pub members: i64,
    /// Since when, by which lists are ordered.
    pub created_at: DateTime<Utc>,
}

/// A group to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// What it is called.
    pub name: String,
}

/// What is to be different about a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// Another name.
    pub name: String,
}

/// Somebody to belong to a group.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroupMember {
    /// Who.
    pub user_id: UserId,
}

/// Somebody who belongs to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Who.
    pub user_id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name, possibly empty.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
}
