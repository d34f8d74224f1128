//! Inputs and outputs of the group services.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::email::EmailAddress;
use crate::ids::{GroupId, UserId};
use crate::tenancy::place::Place;

/// Who manages the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    /// Administrators, by hand.
    Manual,
    /// A directory, over SCIM.
    Scim,
    /// A directory, over LDAP.
    Ldap,
}

impl Manager {
    /// The manager as the database spells it.
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
    /// Its name, unique at its node.
    pub name: String,
    /// Where it is kept.
    pub at: Place,
    /// Who manages its members.
    pub managed_by: Manager,
    /// The id of the group in its directory.
    pub external_id: Option<String>,
    /// The number of members.
    pub members: i64,
    /// Its roles on the nodes that the reader can see.
    pub roles: Vec<GroupRole>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last renamed.
    pub updated_at: DateTime<Utc>,
}

/// A role that a group holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    /// The node.
    #[serde(flatten)]
    pub place: Place,
    /// The role.
    pub role: Role,
}

/// A group that holds a role on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOfGroup {
    /// The group.
    pub group_id: GroupId,
    /// The group's name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The number of people who have the role through the group.
    pub members: i64,
    /// When it received the role, which lists are ordered by.
    pub created_at: DateTime<Utc>,
}

/// A group to create.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
}

/// Changes to a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// The new name.
    pub name: String,
}

/// A user to add to a group, named by exactly one of `user_id` and `email`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroupMember {
    /// The user.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The person with this address.
    #[serde(default)]
    pub email: Option<EmailAddress>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// The user.
    pub user_id: UserId,
    /// Their e-mail address; `None` for a service account.
    pub email: Option<String>,
    /// Their name, possibly empty.
    pub name: String,
    /// When they joined.
    pub since: DateTime<Utc>,
}
