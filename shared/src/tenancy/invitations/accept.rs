//! The invited person's end, during registration.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::access::{IdentityTx, Role, SecretHash};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, InvitationId, ScopeId, UserId};
use crate::tenancy::locked::lock;

/// An invitation that was just accepted: what the new account becomes by it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The invitation.
    pub id: InvitationId,
    /// The tenant to join.
    pub enterprise: EnterpriseId,
    /// The scope to become a member of.
    pub scope: ScopeId,
    /// As what.
    pub role: Role,
    /// The address that was invited, in lower case. Only its owner may accept.
    pub email: String,
    /// Who invited.
    pub invited_by: UserId,
}

/// Uses up the invitation with this token; none if there is no such invitation or it was accepted, was revoked or has
/// expired. Takes the tenant's lock, so hash the password before. The caller checks the address, makes the account and
/// lets it join; if that fails, the transaction and with it the acceptance are undone.
pub async fn accept(tx: &IdentityTx, token: &SecretHash, at: DateTime<Utc>) -> Result<Option<Accepted>> {
    const TENANT: &str = "-- invitation.find_tenant
        SELECT enterprise_id FROM invitations WHERE token_hash = $1";
    const ACCEPT: &str = "-- invitation.accept
        UPDATE invitations SET accepted_at = $3
         WHERE enterprise_id = $1 AND token_hash = $2
           AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
        RETURNING id, enterprise_id, scope_id, role::text, email, invited_by";
    let token = token.as_bytes();
    let Some(row) = tx.query_opt(TENANT, &[&token]).await? else { return Ok(None) };
    let enterprise = EnterpriseId(row.get(0));
    lock(tx, enterprise).await?;
    let row = tx.query_opt(ACCEPT, &[&enterprise.uuid(), &token, &at]).await?;
    row.map(|row| Accepted::try_from(&row).map_err(Error::from)).transpose()
}

impl TryFrom<&Row> for Accepted {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let role = row.get::<_, &str>("role").parse();
        Ok(Self {
            id: InvitationId(row.get("id")),
            enterprise: EnterpriseId(row.get("enterprise_id")),
            scope: ScopeId(row.get("scope_id")),
            role: role.map_err(|problem| StoreError::Corrupt {
                table: "invitations",
                column: "role",
                problem,
            })?,
            email: row.get("email"),
            invited_by: UserId(row.get("invited_by")),
        })
    }
}
