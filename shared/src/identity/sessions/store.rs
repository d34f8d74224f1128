//! `sessions`.

use chrono::{DateTime, Utc};

use super::SessionView;
use crate::access::{AuthContext, IdentityTx, RequestInfo};
use crate::db::StoreError;
use crate::identity::refresh_tokens::Family;
use crate::identity::{accounts, oauth};
use crate::ids::{EnterpriseId, IdentityProviderId, SessionId, UserId};
use crate::page::Cursor;

/// Inserts a session, and deletes those of the account that ended before the given time.
pub(super) async fn insert(
    tx: &IdentityTx,
    family: &Family,
    request: &RequestInfo,
    forgotten: DateTime<Utc>,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- session.insert
        WITH forgotten AS (
            DELETE FROM sessions
             WHERE enterprise_id = $1 AND user_id = $3 AND least(expires_at, revoked_at) < $8)
        INSERT INTO sessions (enterprise_id, id, user_id, ip, user_agent, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.execute(
        INSERT,
        &[
            &family.enterprise.uuid(),
            &family.session.uuid(),
            &family.user.uuid(),
            &request.ip,
            &request.user_agent,
            &request.at,
            &family.ends_at,
            &forgotten,
        ],
    )
    .await
    .map(drop)
}

/// Ends one of the sessions of a user of the caller's enterprise; returns false if there is none or it has already
/// ended.
pub(super) async fn end(
    tx: &IdentityTx,
    caller: &AuthContext,
    user: UserId,
    session: SessionId,
    reason: &str,
) -> Result<bool, StoreError> {
    const END: &str = "-- session.end
        UPDATE sessions SET revoked_at = $4, revoke_reason = $5
         WHERE enterprise_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL";
    let (enterprise, user) = (caller.enterprise_id().uuid(), user.uuid());
    tx.execute(END, &[&enterprise, &user, &session.uuid(), &caller.request().at, &reason])
        .await
        .map(|ended| ended == 1)
}

/// Ends the sessions of a user, except for `kept` if given, and whatever was agreed to but not exchanged for a session
/// yet; returns the number of sessions.
pub(super) async fn end_all(
    tx: &IdentityTx,
    (enterprise, user): (EnterpriseId, UserId),
    kept: Option<SessionId>,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    const END_ALL: &str = "-- session.end_all
        UPDATE sessions SET revoked_at = $4, revoke_reason = $5
         WHERE enterprise_id = $1 AND user_id = $2 AND id IS DISTINCT FROM $3 AND revoked_at IS NULL";
    let kept = kept.map(SessionId::uuid);
    // First, so that an exchange either commits before the sessions are looked at or finds its code deleted.
    accounts::lock_status(tx, enterprise, user).await?;
    oauth::end_codes(tx, enterprise, user).await?;
    tx.execute(END_ALL, &[&enterprise.uuid(), &user.uuid(), &kept, &at, &reason]).await
}

/// Whether a session has not ended. Of an account that is locked, this remains so until the transaction ends.
pub(super) async fn is_alive(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const IS_ALIVE: &str = "-- session.is_alive
        SELECT FROM sessions WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3
           FOR SHARE";
    Ok(tx.query_opt(IS_ALIVE, &[&enterprise.uuid(), &session.uuid(), &now]).await?.is_some())
}

/// Whether the session is or was one of the user's.
pub(super) async fn exists(
    tx: &IdentityTx,
    caller: &AuthContext,
    user: UserId,
    session: SessionId,
) -> Result<bool, StoreError> {
    const EXISTS: &str = "-- session.exists
        SELECT FROM sessions WHERE enterprise_id = $1 AND user_id = $2 AND id = $3";
    let (enterprise, user) = (caller.enterprise_id().uuid(), user.uuid());
    Ok(tx.query_opt(EXISTS, &[&enterprise, &user, &session.uuid()]).await?.is_some())
}

/// Ends a session, whoever it belongs to; returns false if it has already ended.
pub(super) async fn revoke(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    session: SessionId,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const REVOKE: &str = "-- session.revoke
        UPDATE sessions SET revoked_at = $3, revoke_reason = $4
         WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL";
    tx.execute(REVOKE, &[&enterprise.uuid(), &session.uuid(), &at, &reason]).await.map(|ended| ended == 1)
}

/// Ends the sessions of the caller's enterprise that applications got by a provider's assertions.
pub(super) async fn revoke_grants_of(
    tx: &IdentityTx,
    caller: &AuthContext,
    provider: IdentityProviderId,
    client: Option<&str>,
    reason: &str,
) -> Result<u64, StoreError> {
    const REVOKE_GRANTS_OF: &str = "-- session.revoke_grants_of
        UPDATE sessions s SET revoked_at = $4, revoke_reason = $5
          FROM oauth_grants g
         WHERE g.enterprise_id = $1 AND g.provider_id = $2 AND ($3::text IS NULL OR g.client_id = $3)
           AND s.enterprise_id = g.enterprise_id AND s.id = g.id AND s.revoked_at IS NULL";
    let (enterprise, provider, at) = (caller.enterprise_id().uuid(), provider.uuid(), caller.request().at);
    tx.execute(REVOKE_GRANTS_OF, &[&enterprise, &provider, &client, &at, &reason]).await
}

pub(super) async fn list(
    tx: &IdentityTx,
    caller: &AuthContext,
    user: UserId,
    current: SessionId,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<SessionView>, StoreError> {
    const LIST: &str = "-- session.list
        SELECT s.id, s.ip, s.user_agent, s.created_at, s.expires_at,
               (SELECT max(r.created_at) FROM refresh_tokens r
                 WHERE r.enterprise_id = s.enterprise_id AND r.session_id = s.id) AS refreshed_at
          FROM sessions s
         WHERE s.enterprise_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
           -- Those of applications are listed as such.
           AND NOT EXISTS (SELECT FROM oauth_grants g WHERE g.enterprise_id = s.enterprise_id AND g.id = s.id)
           AND ($4::timestamptz IS NULL OR (s.created_at, s.id) < ($4, $5))
         ORDER BY s.created_at DESC, s.id DESC LIMIT $6";
    let (enterprise, user) = (caller.enterprise_id().uuid(), user.uuid());
    let (time, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows =
        tx.query(LIST, &[&enterprise, &user, &caller.request().at, &time, &id, &i64::from(limit)]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let (id, created_at) = (SessionId(row.get("id")), row.get("created_at"));
            SessionView {
                id,
                current: id == current,
                ip: row.get("ip"),
                user_agent: row.get("user_agent"),
                created_at,
                refreshed_at: row.get::<_, Option<_>>("refreshed_at").unwrap_or(created_at),
                expires_at: row.get("expires_at"),
            }
        })
        .collect())
}
