//! Inputs and outputs of the member services.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::email::EmailAddress;
use crate::ids::{GroupId, UserId};
use crate::tenancy::place::Place;
use crate::tenancy::users::Status;

/// A person with a role on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user_id: UserId,
    /// Their e-mail address; `None` for a service account.
    pub email: Option<String>,
    /// Their name, possibly empty.
    pub name: String,
    /// Whether their account is active.
    pub status: Status,
    /// Their effective role: the higher of the two below.
    pub role: Role,
    /// The role that they hold on this node itself.
    pub direct_role: Option<Role>,
    /// The role that they hold from above or through a group, if any.
    pub inherited: Option<Inherited>,
    /// When their account was created, which lists are ordered by.
    #[serde(skip, default)]
    pub(super) account_created_at: DateTime<Utc>,
}

/// A role from above, or through a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// The highest such role.
    pub role: Role,
    /// The scope where they hold it.
    pub from: Place,
    /// The group through which they hold it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<ThroughGroup>,
}

/// A group that confers a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThroughGroup {
    /// The group.
    pub id: GroupId,
    /// The group's name.
    pub name: String,
}

/// A user to make a member, named by exactly one of `user_id` and `email`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// The user.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The person with this address.
    #[serde(default)]
    pub email: Option<EmailAddress>,
    /// The role.
    pub role: Role,
}

/// Changes to a membership.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// The new role.
    pub role: Role,
}
