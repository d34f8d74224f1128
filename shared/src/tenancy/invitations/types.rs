//! Invitations as services take and give them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::email::EmailAddress;
use crate::ids::{InvitationId, UserId};
use crate::tenancy::place::Place;

/// Somebody to be invited.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Their e-mail address.
    pub email: EmailAddress,
    /// What they will be.
    pub role: Role,
}

/// An invitation that is not accepted yet.
#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The invited address, in lower case.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// Of what.
    pub to: Place,
    /// Who invited them.
    pub invited_by: UserId,
    /// Whether it can still be accepted.
    pub status: Status,
    /// When they were invited.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Whether an invitation can still be accepted. Those accepted or revoked are not shown any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can.
    Pending,
    /// It could; inviting again renews it.
    Expired,
}

/// A new invitation with the one copy of its token.
#[derive(Serialize)]
pub struct Invited {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// What proves it at registration. Shown here and never again.
    pub token: String,
}
