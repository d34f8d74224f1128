//! Accepting an invitation. Making, listing and revoking them is `tenancy`'s.

use chrono::{DateTime, Utc};

use super::EmailAddress;
use crate::access::{IdentityTx, Role, SecretHash};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, InvitationId, ScopeId, UserId};

/// An invitation that can be accepted.
#[derive(Debug)]
pub(super) struct Invitation {
    pub(super) enterprise: EnterpriseId,
    pub(super) enterprise_name: String,
    pub(super) id: InvitationId,
    pub(super) scope: ScopeId,
    pub(super) role: Role,
    pub(super) invited_by: UserId,
}

/// The invitation of a token, if it is meant for that address and still open. Whoever holds a token may know what became
/// of its invitation, but not for whom it is.
pub(super) async fn open(
    tx: &IdentityTx,
    token: &str,
    email: &EmailAddress,
    now: DateTime<Utc>,
) -> Result<Invitation> {
    const BY_TOKEN: &str = "-- invitation.by_token
        SELECT i.enterprise_id, e.name AS enterprise_name, i.id, i.scope_id, lower(i.email) AS email,
               i.role::text AS role, i.invited_by, i.expires_at, i.accepted_at, i.revoked_at
          FROM invitations i JOIN enterprises e ON e.id = i.enterprise_id
         WHERE i.token_hash = $1";
    let row = tx.query_opt(BY_TOKEN, &[&SecretHash::of(token).as_bytes()]).await?;
    let row = row.ok_or(Error::NotFound { what: "invitation" })?;
    if row.get::<_, Option<DateTime<Utc>>>("revoked_at").is_some() {
        return Err(Error::Conflict("the invitation was withdrawn".to_owned()));
    }
    if row.get::<_, Option<DateTime<Utc>>>("accepted_at").is_some() {
        return Err(Error::Conflict("the invitation was accepted already".to_owned()));
    }
    if row.get::<_, DateTime<Utc>>("expires_at") <= now {
        return Err(Error::Conflict("the invitation has expired, ask for a new one".to_owned()));
    }
    if row.get::<_, &str>("email") != email.as_str() {
        return Err(Error::Forbidden("the invitation is for another e-mail address".to_owned()));
    }
    let corrupt = |problem| StoreError::Corrupt { table: "invitations", column: "role", problem };
    Ok(Invitation {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        enterprise_name: row.get("enterprise_name"),
        id: InvitationId(row.get("id")),
        scope: ScopeId(row.get("scope_id")),
        role: row.get::<_, &str>("role").parse().map_err(corrupt)?,
        invited_by: UserId(row.get("invited_by")),
    })
}

/// Uses an invitation up; `Conflict` if somebody was quicker, or it was withdrawn or expired meanwhile.
pub(super) async fn accept(tx: &IdentityTx, invitation: &Invitation, now: DateTime<Utc>) -> Result<()> {
    const ACCEPT: &str = "-- invitation.accept
        UPDATE invitations SET accepted_at = $3
         WHERE enterprise_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3";
    match tx.execute(ACCEPT, &[&invitation.enterprise.uuid(), &invitation.id.uuid(), &now]).await? {
        1 => Ok(()),
        _ => Err(Error::Conflict("the invitation is no longer open".to_owned())),
    }
}
