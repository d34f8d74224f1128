//! `password_resets`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::NewReset;
use crate::access::{IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::identity::passwords::PasswordHash;
use crate::ids::{EnterpriseId, UserId};

/// The account that a token is for.
pub(super) struct Found {
    pub(super) enterprise: EnterpriseId,
    pub(super) enterprise_name: String,
    pub(super) user: UserId,
    pub(super) email: EmailAddress,
    pub(super) name: String,
}

/// Stores a token in place of the account's earlier one; returns false if the account has no password or is not active.
pub(super) async fn put(
    tx: &IdentityTx,
    new: &NewReset,
    token: &SecretHash,
    expires_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const PUT: &str = "-- password_reset.put
        INSERT INTO password_resets (enterprise_id, user_id, token_hash, created_by, created_at, expires_at)
        SELECT u.enterprise_id, u.id, $3, $4, $5, $6
          FROM users u
         WHERE u.enterprise_id = $1 AND u.id = $2 AND u.status = 'active' AND u.password_hash IS NOT NULL
        ON CONFLICT (enterprise_id, user_id) DO UPDATE
           SET token_hash = excluded.token_hash, created_by = excluded.created_by,
               created_at = excluded.created_at, expires_at = excluded.expires_at";
    let stored = tx
        .execute(
            PUT,
            &[
                &new.enterprise.uuid(),
                &new.user.uuid(),
                &token.as_bytes(),
                &new.by.map(UserId::uuid),
                &new.at,
                &expires_at,
            ],
        )
        .await?;
    Ok(stored == 1)
}

/// Returns the active account that a valid token is for.
pub(super) async fn lookup(
    tx: &IdentityTx,
    token: &SecretHash,
    now: DateTime<Utc>,
) -> Result<Option<Found>, StoreError> {
    const LOOKUP: &str = "-- password_reset.lookup
        SELECT u.enterprise_id, e.name AS enterprise_name, u.id, u.email, u.display_name
          FROM password_resets r
          JOIN users u ON u.enterprise_id = r.enterprise_id AND u.id = r.user_id AND u.status = 'active'
          JOIN enterprises e ON e.id = r.enterprise_id
         WHERE r.token_hash = $1 AND r.expires_at > $2 AND mem0.password_reset_stands(r.enterprise_id, r.user_id)";
    let Some(row) = tx.query_opt(LOOKUP, &[&token.as_bytes(), &now]).await? else { return Ok(None) };
    let corrupt = |problem| StoreError::Corrupt { table: "users", column: "email", problem };
    Ok(Some(Found {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        enterprise_name: row.get("enterprise_name"),
        user: UserId(row.get("id")),
        email: row.get::<_, &str>("email").parse().map_err(corrupt)?,
        name: row.get("display_name"),
    }))
}

/// Uses a token up and stores the new password; returns false if the token is no longer valid.
pub(super) async fn redeem(
    tx: &IdentityTx,
    token: &SecretHash,
    password: &PasswordHash,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const REDEEM: &str = "-- password_reset.redeem
        WITH used AS (
            DELETE FROM password_resets r
             WHERE r.token_hash = $1 AND r.expires_at > $2 AND mem0.password_reset_stands(r.enterprise_id, r.user_id)
            RETURNING r.enterprise_id, r.user_id, r.created_by)
        UPDATE users u SET password_hash = $3, password_changed_at = $2, updated_at = $2
          FROM used WHERE u.enterprise_id = used.enterprise_id AND u.id = used.user_id AND u.status = 'active'
        RETURNING u.enterprise_id, u.id, used.created_by";
    const FOLLOW: &str = "-- password_reset.follow
        SELECT mem0.password_was_reset($1, $2, $3, $4)";
    let redeemed = tx.query_opt(REDEEM, &[&token.as_bytes(), &now, &password.as_str()]).await?;
    let Some(row) = redeemed else { return Ok(false) };
    let (enterprise, user): (Uuid, Uuid) = (row.get(0), row.get(1));
    if let Some(maker) = row.get::<_, Option<Uuid>>(2) {
        tx.query_one(FOLLOW, &[&enterprise, &user, &maker, &now]).await?;
    }
    Ok(true)
}
