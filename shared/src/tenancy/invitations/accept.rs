//! The invited person's side, during registration.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::access::{IdentityTx, Role, SecretHash};
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, InvitationId, ScopeId, UserId};
use crate::tenancy::locked::lock;

/// An invitation that was just accepted, and what it gives the new account.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The invitation.
    pub id: InvitationId,
    /// The tenant to join.
    pub enterprise: EnterpriseId,
    /// The scope to become a member of.
    pub scope: ScopeId,
    /// The role to receive.
    pub role: Role,
    /// The invited address. Only its owner may accept.
    pub email: EmailAddress,
    /// The inviter.
    pub invited_by: UserId,
}

/// An invitation as the holder of its token may see it: whether it is still open, and which enterprise it is for.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The name of the enterprise to join.
    pub enterprise_name: String,
    email: EmailAddress,
    closed: Option<&'static str>,
}

impl Offer {
    /// Checks that the invitation is open to this address: `Conflict` if it is no longer open, `Forbidden` if it is for
    /// another address, which the error does not reveal.
    pub fn open_to(&self, email: &EmailAddress) -> Result<()> {
        if let Some(reason) = self.closed {
            return Err(Error::Conflict(reason.to_owned()));
        }
        if self.email != *email {
            return Err(Error::Forbidden("the invitation is for another e-mail address".to_owned()));
        }
        Ok(())
    }
}

/// Returns the invitation with this token, in its current state.
pub async fn lookup(
    tx: &IdentityTx,
    token: &SecretHash,
    at: DateTime<Utc>,
) -> Result<Option<Offer>, StoreError> {
    const LOOKUP: &str = "-- invitation.lookup
        SELECT e.name, i.email, i.accepted_at IS NOT NULL AS accepted, i.revoked_at IS NOT NULL AS revoked,
               i.expires_at <= $2 AS expired, mem0.invitation_stands(i.enterprise_id, i.id) AS stands
          FROM invitations i JOIN enterprises e ON e.id = i.enterprise_id
         WHERE i.token_hash = $1";
    let Some(row) = tx.query_opt(LOOKUP, &[&token.as_bytes(), &at]).await? else { return Ok(None) };
    let closed = match (row.get("accepted"), row.get("revoked"), row.get("expired"), row.get("stands")) {
        (true, ..) => Some("the invitation was accepted already"),
        (_, true, ..) => Some("the invitation was withdrawn"),
        (.., true, _) => Some("the invitation has expired, ask for a new one"),
        (.., false) => {
            Some("the person who sent this invitation may no longer invite: ask somebody else for a new one")
        }
        _ => None,
    };
    let email = row.get::<_, &str>("email").parse();
    let corrupt = |problem| StoreError::Corrupt { table: "invitations", column: "email", problem };
    Ok(Some(Offer { enterprise_name: row.get("name"), email: email.map_err(corrupt)?, closed }))
}

/// Accepts the invitation with this token; returns `None` if there is no such invitation, or it was accepted, was
/// revoked, has expired, or the inviter would no longer be allowed to make it. Takes the tenant's lock, so hash the
/// password first. The caller checks the address, creates the account and adds it to the scope; if that fails, the
/// transaction is rolled back, and the acceptance with it.
pub async fn accept(tx: &IdentityTx, token: &SecretHash, at: DateTime<Utc>) -> Result<Option<Accepted>> {
    const TENANT: &str = "-- invitation.find_tenant
        SELECT enterprise_id FROM invitations WHERE token_hash = $1";
    const ACCEPT: &str = "-- invitation.accept
        UPDATE invitations SET accepted_at = $3
         WHERE enterprise_id = $1 AND token_hash = $2
           AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
           AND mem0.invitation_stands(enterprise_id, id)
        RETURNING id, enterprise_id, scope_id, role::text, email, invited_by";
    let token = token.as_bytes();
    let Some(row) = tx.query_opt(TENANT, &[&token]).await? else { return Ok(None) };
    let enterprise = EnterpriseId(row.get(0));
    lock(tx, enterprise).await?;
    let row = tx.query_opt(ACCEPT, &[&enterprise.uuid(), &token, &at]).await?;
    row.map(|row| Accepted::try_from(&row).map_err(Error::from)).transpose()
}

/// Revokes a user's open invitations; returns them with the scope each was for.
pub async fn revoke_of(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    inviter: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<(InvitationId, ScopeId)>, StoreError> {
    const REVOKE: &str = "-- invitation.revoke_of
        UPDATE invitations SET revoked_at = $3
         WHERE enterprise_id = $1 AND invited_by = $2 AND accepted_at IS NULL AND revoked_at IS NULL
        RETURNING id, scope_id";
    let rows = tx.query(REVOKE, &[&enterprise.uuid(), &inviter.uuid(), &at]).await?;
    Ok(rows.iter().map(|row| (InvitationId(row.get(0)), ScopeId(row.get(1)))).collect())
}

impl TryFrom<&Row> for Accepted {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let corrupt = |column, problem| StoreError::Corrupt { table: "invitations", column, problem };
        let role = row.get::<_, &str>("role").parse();
        let email = row.get::<_, &str>("email").parse();
        Ok(Self {
            id: InvitationId(row.get("id")),
            enterprise: EnterpriseId(row.get("enterprise_id")),
            scope: ScopeId(row.get("scope_id")),
            role: role.map_err(|problem| corrupt("role", problem))?,
            email: email.map_err(|problem| corrupt("email", problem))?,
            invited_by: UserId(row.get("invited_by")),
        })
    }
}
