//! `users`: as seen by sign-in and, at the end of the file, by the users themselves.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::Account;
use super::activation::LeftKey;
use crate::access::{IdentityTx, TenantTx};
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::identity::passwords::PasswordHash;
use crate::ids::{ApiKeyId, EnterpriseId, ScopeId, UserId};

fn account(row: &Row) -> Account {
    Account {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        enterprise_name: row.get("enterprise_name"),
        id: UserId(row.get("id")),
        email: row.get("email"),
        name: row.get("display_name"),
        active: row.get("active"),
        password: row.get::<_, Option<String>>("password_hash").map(PasswordHash::stored),
        password_changed_at: row.get("password_changed_at"),
    }
}

/// Returns the account with this address.
pub(in crate::identity) async fn by_email(
    tx: &IdentityTx,
    email: &EmailAddress,
) -> Result<Option<Account>, StoreError> {
    const BY_EMAIL: &str = "-- account.by_email
        SELECT u.enterprise_id, e.name AS enterprise_name, u.id, u.email, u.display_name, u.password_hash,
               u.password_changed_at, u.status = 'active' AS active
          FROM users u JOIN enterprises e ON e.id = u.enterprise_id
         WHERE lower(u.email) = $1";
    Ok(tx.query_opt(BY_EMAIL, &[&email.as_str()]).await?.as_ref().map(account))
}

/// Locks an account until the transaction ends, so that it cannot be deactivated meanwhile; returns false if it is not
/// active, or if its password was changed since the given time. Whatever gives an account a new credential must call
/// this first.
pub(in crate::identity) async fn lock_active(
    tx: &IdentityTx,
    user: UserId,
    password_of: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    const LOCK_ACTIVE: &str = "-- account.lock_active
        SELECT status = 'active' AND ($2::timestamptz IS NULL OR password_changed_at IS NOT DISTINCT FROM $2)
          FROM users WHERE id = $1 FOR SHARE";
    let row = tx.query_opt(LOCK_ACTIVE, &[&user.uuid(), &password_of]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// A new row of `users`.
pub(super) struct NewUser<'a> {
    pub(super) enterprise: EnterpriseId,
    pub(super) id: UserId,
    pub(super) scope: ScopeId,
    pub(super) email: &'a EmailAddress,
    pub(super) name: &'a str,
    pub(super) password: &'a PasswordHash,
    pub(super) at: DateTime<Utc>,
}

/// Inserts an account; returns false if its address is taken.
pub(super) async fn insert(tx: &IdentityTx, user: &NewUser<'_>) -> Result<bool, StoreError> {
    const INSERT: &str = "-- account.insert
        INSERT INTO users (enterprise_id, id, scope_id, email, display_name, password_hash, password_changed_at,
                           created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
        ON CONFLICT (lower(email)) DO NOTHING";
    let inserted = tx
        .execute(
            INSERT,
            &[
                &user.enterprise.uuid(),
                &user.id.uuid(),
                &user.scope.0,
                &user.email.as_str(),
                &user.name,
                &user.password.as_str(),
                &user.at,
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Stores a new password if the old one is still current; returns false if not.
pub(in crate::identity) async fn change_password(
    tx: &IdentityTx,
    user: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const CHANGE_PASSWORD: &str = "-- account.change_password
        WITH changed AS (
            UPDATE users SET password_hash = $3, password_changed_at = $4, updated_at = $4
             WHERE id = $1 AND password_hash = $2
            RETURNING enterprise_id, id
        ), ended AS (
            -- Who knows the password needs no token, and nobody else should have one.
            DELETE FROM password_resets r USING changed c WHERE r.enterprise_id = c.enterprise_id AND r.user_id = c.id)
        SELECT FROM changed";
    let changed = tx.query_opt(CHANGE_PASSWORD, &[&user.uuid(), &old.as_str(), &new.as_str(), &at]).await?;
    Ok(changed.is_some())
}

/// Stores a better hash of the same password, unless another request did meanwhile.
pub(in crate::identity) async fn upgrade_hash(
    tx: &IdentityTx,
    user: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), StoreError> {
    const UPGRADE_HASH: &str = "-- account.upgrade_hash
        UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    tx.execute(UPGRADE_HASH, &[&user.uuid(), &old.as_str(), &new.as_str()]).await.map(drop)
}

/// Returns whether an account of the enterprise is active, and locks it until the transaction ends; `None` if there is
/// no such account. Whatever ends the credentials of an account calls this first, so that none is given meanwhile; see
/// [`lock_active`].
pub(in crate::identity) async fn lock_status(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
) -> Result<Option<bool>, StoreError> {
    const LOCK_STATUS: &str = "-- account.lock_status
        SELECT status = 'active' FROM users WHERE enterprise_id = $1 AND id = $2 FOR NO KEY UPDATE";
    Ok(tx.query_opt(LOCK_STATUS, &[&enterprise.uuid(), &user.uuid()]).await?.map(|row| row.get(0)))
}

pub(super) async fn set_active(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
    active: bool,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const SET_STATUS: &str = "-- account.set_status
        UPDATE users
           SET status = CASE WHEN $3 THEN 'active' ELSE 'deactivated' END,
               deactivated_at = CASE WHEN $3 THEN NULL ELSE $4::timestamptz END,
               -- Whoever comes back has something to lose again.
               forgotten_at = CASE WHEN $3 THEN NULL ELSE forgotten_at END, updated_at = $4
         WHERE enterprise_id = $1 AND id = $2";
    tx.execute(SET_STATUS, &[&enterprise.uuid(), &user.uuid(), &active, &at]).await.map(drop)
}

/// Ends every session and revokes every API key of an account, and deletes the token for a new password. Refresh tokens
/// end with their session. Codes that were not exchanged yet are deleted: see `oauth::end_codes`.
pub(super) async fn revoke_credentials(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<Revoked, StoreError> {
    const REVOKE_CREDENTIALS: &str = "-- account.revoke_credentials
        WITH ended AS (
            UPDATE sessions SET revoked_at = $3, revoke_reason = 'account_deactivated'
             WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
            RETURNING 1),
        revoked AS (
            UPDATE api_keys SET revoked_at = $3
             WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
            RETURNING 1),
        forgotten AS (DELETE FROM password_resets WHERE enterprise_id = $1 AND user_id = $2)
        SELECT (SELECT count(*) FROM ended) AS sessions, (SELECT count(*) FROM revoked) AS api_keys";
    let row = tx.query_one(REVOKE_CREDENTIALS, &[&enterprise.uuid(), &user.uuid(), &at]).await?;
    Ok(Revoked { sessions: row.get("sessions"), api_keys: row.get("api_keys") })
}

/// The number of sessions and keys revoked.
pub(super) struct Revoked {
    pub(super) sessions: i64,
    pub(super) api_keys: i64,
}

/// Returns the live keys of service accounts that a user made: whoever has seen a key may still have it.
pub(super) async fn keys_of_programs(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    maker: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<LeftKey>, StoreError> {
    const KEYS: &str = "-- account.list_keys_of_programs
        SELECT k.id, k.user_id, k.name
          FROM api_keys k JOIN users s ON s.enterprise_id = k.enterprise_id AND s.id = k.user_id AND s.kind = 'service'
         WHERE k.enterprise_id = $1 AND k.created_by = $2 AND k.revoked_at IS NULL
           AND (k.expires_at IS NULL OR k.expires_at > $3)
         ORDER BY k.created_at, k.id";
    let rows = tx.query(KEYS, &[&enterprise.uuid(), &maker.uuid(), &now]).await?;
    let key = |row: &Row| LeftKey {
        id: ApiKeyId(row.get("id")),
        service_account: UserId(row.get("user_id")),
        name: row.get("name"),
    };
    Ok(rows.iter().map(key).collect())
}

/// The data of the caller's own account.
pub(super) struct ProfileRow {
    pub(super) name: String,
    pub(super) enterprise_name: String,
    pub(super) created_at: DateTime<Utc>,
    /// The scopes they are a direct member of, with their roles.
    pub(super) memberships: Vec<(ScopeId, String)>,
}

pub(super) async fn profile(tx: &TenantTx<'_>) -> Result<ProfileRow, StoreError> {
    const PROFILE: &str = "-- account.profile
        SELECT u.display_name, u.created_at, e.name AS enterprise_name,
               array(SELECT m.scope_id FROM memberships m
                      WHERE m.enterprise_id = u.enterprise_id AND m.user_id = u.id ORDER BY m.scope_id) AS scopes,
               array(SELECT m.role::text FROM memberships m
                      WHERE m.enterprise_id = u.enterprise_id AND m.user_id = u.id ORDER BY m.scope_id) AS roles
          FROM users u JOIN enterprises e ON e.id = u.enterprise_id
         WHERE u.enterprise_id = $1 AND u.id = $2";
    let caller = tx.caller();
    let row = tx.query_one(PROFILE, &[&caller.enterprise_id().uuid(), &caller.user_id().uuid()]).await?;
    let scopes = row.get::<_, Vec<i64>>("scopes").into_iter().map(ScopeId);
    Ok(ProfileRow {
        name: row.get("display_name"),
        enterprise_name: row.get("enterprise_name"),
        created_at: row.get("created_at"),
        memberships: scopes.zip(row.get::<_, Vec<String>>("roles")).collect(),
    })
}

pub(super) async fn rename(tx: &TenantTx<'_>, name: &str) -> Result<(), StoreError> {
    const RENAME: &str = "-- account.rename
        UPDATE users SET display_name = $3, updated_at = $4 WHERE enterprise_id = $1 AND id = $2";
    let caller = tx.caller();
    let at = caller.request().at;
    tx.execute(RENAME, &[&caller.enterprise_id().uuid(), &caller.user_id().uuid(), &name, &at])
        .await
        .map(drop)
}
