//! `refresh_tokens`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Family, Granted, IDLE, IDLE_OF_APPLICATION, RefreshToken};
use crate::access::{IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::error::Result;
use crate::identity::accounts::AccountView;
use crate::ids::{EnterpriseId, RefreshTokenId, SessionId, UserId};
use crate::random;

/// A token that was presented, with its session and account.
pub(super) struct Found {
    pub(super) id: RefreshTokenId,
    pub(super) family: Family,
    pub(super) account: AccountView,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) rotated_at: Option<DateTime<Utc>>,
    pub(super) successor_salt: Vec<u8>,
    /// The application and its terms; `None` for a login.
    pub(super) granted: Option<Granted>,
    /// Whether its session has ended or its account is deactivated.
    pub(super) ended: bool,
}

/// A token to insert.
pub(super) struct NewToken {
    id: RefreshTokenId,
    hash: SecretHash,
    salt: [u8; 16],
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl NewToken {
    pub(super) fn new(token: &RefreshToken, family: &Family, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            id: RefreshTokenId::generate(),
            hash: token.hash(),
            salt: random::bytes()?,
            created_at: now,
            expires_at: family.ends_at.min(now + family.idle),
        })
    }
}

/// Returns the token with this hash, and locks it until the transaction ends.
pub(super) async fn lock(tx: &IdentityTx, hash: &SecretHash) -> Result<Option<Found>, StoreError> {
    const LOCK: &str = "-- refresh_token.lock
        SELECT r.id, r.expires_at, r.rotated_at, r.successor_salt, r.enterprise_id, r.session_id,
               s.expires_at AS session_ends_at, s.revoked_at IS NOT NULL OR u.status <> 'active' AS ended,
               u.id AS user_id, u.email, u.display_name, e.name AS enterprise_name, g.client_id,
               g.scopes, g.resource
          FROM refresh_tokens r
          JOIN sessions s ON s.enterprise_id = r.enterprise_id AND s.id = r.session_id
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = u.enterprise_id
          LEFT JOIN oauth_grants g ON g.enterprise_id = s.enterprise_id AND g.id = s.id
         WHERE r.token_hash = $1 FOR UPDATE OF r";
    let row = tx.query_opt(LOCK, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| {
        let (enterprise, user) = (EnterpriseId(row.get("enterprise_id")), UserId(row.get("user_id")));
        let granted = row.get::<_, Option<String>>("client_id").map(|client| Granted {
            client,
            scopes: row.get("scopes"),
            resource: row.get("resource"),
        });
        Found {
            id: RefreshTokenId(row.get("id")),
            family: Family {
                enterprise,
                user,
                session: SessionId(row.get("session_id")),
                ends_at: row.get("session_ends_at"),
                idle: if granted.is_some() { IDLE_OF_APPLICATION } else { IDLE },
            },
            account: AccountView {
                id: user,
                email: row.get("email"),
                name: row.get("display_name"),
                enterprise_id: enterprise,
                enterprise_name: row.get("enterprise_name"),
            },
            expires_at: row.get("expires_at"),
            rotated_at: row.get("rotated_at"),
            successor_salt: row.get("successor_salt"),
            granted,
            ended: row.get("ended"),
        }
    }))
}

/// Inserts the first token of a family.
pub(super) async fn insert(tx: &IdentityTx, family: &Family, token: &NewToken) -> Result<(), StoreError> {
    put(tx, None, family, token).await
}

/// Marks a token as exchanged and inserts its successor.
pub(super) async fn rotate(tx: &IdentityTx, old: &Found, new: &NewToken) -> Result<(), StoreError> {
    put(tx, Some(old.id.uuid()), &old.family, new).await
}

async fn put(tx: &IdentityTx, old: Option<Uuid>, family: &Family, new: &NewToken) -> Result<(), StoreError> {
    const PUT: &str = "-- refresh_token.put
        WITH rotated AS (
            UPDATE refresh_tokens SET rotated_at = $6 WHERE enterprise_id = $1 AND id = $8)
        INSERT INTO refresh_tokens (enterprise_id, id, session_id, token_hash, successor_salt, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.execute(
        PUT,
        &[
            &family.enterprise.uuid(),
            &new.id.uuid(),
            &family.session.uuid(),
            &new.hash.as_bytes(),
            &new.salt.as_slice(),
            &new.created_at,
            &new.expires_at,
            &old,
        ],
    )
    .await
    .map(drop)
}

/// Returns the session that a token belongs to.
pub(in crate::identity) async fn session_of(
    tx: &IdentityTx,
    hash: &SecretHash,
) -> Result<Option<SessionId>, StoreError> {
    const SESSION_OF: &str = "-- refresh_token.session_of
        SELECT session_id FROM refresh_tokens WHERE token_hash = $1";
    let row = tx.query_opt(SESSION_OF, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| SessionId(row.get(0))))
}

/// Returns until when a token may be exchanged; `None` if it cannot be.
pub(in crate::identity) async fn unused_until(
    tx: &IdentityTx,
    hash: &SecretHash,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    const UNUSED: &str = "-- refresh_token.unused_until
        SELECT expires_at FROM refresh_tokens WHERE token_hash = $1 AND rotated_at IS NULL AND expires_at > $2";
    let row = tx.query_opt(UNUSED, &[&hash.as_bytes(), &now]).await?;
    Ok(row.map(|row| row.get(0)))
}
