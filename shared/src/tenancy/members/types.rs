//! Members as services take and give them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::ids::{GroupId, UserId};
use crate::tenancy::place::Place;
use crate::tenancy::users::Status;

/// Somebody who holds a role on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name, possibly empty.
    pub name: String,
    /// Whether their account can be used.
    pub status: Status,
    /// Their effective role: the higher of the two below.
    pub role: Role,
    /// What they hold on this very node.
    pub direct_role: Option<Role>,
    /// What they hold from above or through a group, if anything.
    pub inherited: Option<Inherited>,
    /// When their account was made, by which lists are ordered.
    #[serde(skip, default)]
    pub(super) account_created_at: DateTime<Utc>,
}

/// A role that comes from above, or through a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// The highest.
    pub role: Role,
    /// Where they hold it.
    pub from: Place,
    /// The group through which they hold it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<ThroughGroup>,
}

/// A group that gives a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThroughGroup {
    /// Which.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
}

/// Somebody to become a member.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}

/// What is to be different about a member.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// Another role.
    pub role: Role,
}
