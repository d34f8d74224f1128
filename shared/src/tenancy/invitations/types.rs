//! Inputs and outputs of the invitation services.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::email::EmailAddress;
use crate::ids::{InvitationId, UserId};
use crate::tenancy::place::Place;

/// A person to invite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Their e-mail address.
    pub email: EmailAddress,
    /// The role they will have.
    pub role: Role,
}

/// An invitation that is not accepted yet.
#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The invited address, in lower case.
    pub email: String,
    /// The role they will have.
    pub role: Role,
    /// The scope they are invited to.
    pub to: Place,
    /// The inviter.
    pub invited_by: UserId,
    /// Whether it can still be accepted.
    pub status: Status,
    /// When they were invited.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Whether an invitation can still be accepted. Accepted and revoked ones are no longer shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can be accepted.
    Pending,
    /// It has expired; inviting again renews it.
    Expired,
}

/// A new invitation with the only copy of its token.
#[derive(Serialize)]
pub struct Invited {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// The token that proves it at registration. Shown only here.
    pub token: String,
}
