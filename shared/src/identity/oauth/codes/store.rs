//! `oauth_codes`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::{ApiKeyVerb, AuthContext, IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::identity::oauth::authorize::AuthorizationRequest;
use crate::identity::oauth::scope;
use crate::identity::refresh_tokens::{Family, IDLE_OF_APPLICATION};
use crate::ids::{EnterpriseId, GrantId, SessionId, UserId};

/// How long a code is kept after use, so that its reuse is detected.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

pub(super) struct NewCode<'a> {
    pub(super) hash: SecretHash,
    pub(super) answer: SecretHash,
    pub(super) request: &'a AuthorizationRequest,
    pub(super) scopes: &'a [ApiKeyVerb],
}

/// Inserts a code, and deletes the caller's outdated ones.
pub(super) async fn insert(
    tx: &IdentityTx,
    caller: &AuthContext,
    new: &NewCode<'_>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- oauth_code.insert
        WITH forgotten AS (
            DELETE FROM oauth_codes WHERE enterprise_id = $1 AND user_id = $3 AND created_at < $11)
        INSERT INTO oauth_codes (enterprise_id, code_hash, user_id, client_id, redirect_uri, challenge, scopes, resource,
                                 created_at, expires_at, answer_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12)";
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &new.hash.as_bytes(),
            &caller.user_id().uuid(),
            &new.request.client_id,
            &new.request.redirect_uri,
            &new.request.challenge,
            &scope::names(new.scopes),
            &new.request.resource,
            &now,
            &expires_at,
            &(now - REMEMBERED),
            &new.answer.as_bytes(),
        ],
    )
    .await
    .map(drop)
}

/// Replaces the code that the caller was given for the same answer since then, which is worthless from now on; returns
/// false if there is none, or it was exchanged. It expires when the first would have.
pub(super) async fn replace(
    tx: &IdentityTx,
    caller: &AuthContext,
    new: &NewCode<'_>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const REPLACE: &str = "-- oauth_code.replace
        UPDATE oauth_codes SET code_hash = $4
         WHERE enterprise_id = $1 AND user_id = $2 AND answer_hash = $3 AND created_at > $5 AND expires_at > $6
           AND redeemed_at IS NULL";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let replaced = tx
        .execute(REPLACE, &[&enterprise, &user, &new.answer.as_bytes(), &new.hash.as_bytes(), &since, &now])
        .await?;
    Ok(replaced == 1)
}

/// A code that was presented.
pub(super) struct Found {
    hash: SecretHash,
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scopes: Vec<ApiKeyVerb>,
    pub(super) resource: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) redeemed_at: Option<DateTime<Utc>>,
    grant: Option<GrantId>,
}

impl Found {
    /// The session it was exchanged for.
    pub(super) fn family(&self) -> Option<Family> {
        self.grant.map(|grant| Family {
            enterprise: self.enterprise,
            user: self.user,
            session: SessionId(grant.uuid()),
            ends_at: self.expires_at,
            idle: IDLE_OF_APPLICATION,
        })
    }
}

/// Returns the user who agreed to a code.
pub(super) async fn holder(tx: &IdentityTx, hash: &SecretHash) -> Result<Option<UserId>, StoreError> {
    const HOLDER: &str = "-- oauth_code.holder
        SELECT user_id FROM oauth_codes WHERE code_hash = $1";
    let row = tx.query_opt(HOLDER, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| UserId(row.get("user_id"))))
}

/// Deletes the codes of a user that were not exchanged yet.
pub(in crate::identity::oauth) async fn end(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
) -> Result<(), StoreError> {
    const END: &str = "-- oauth_code.end
        DELETE FROM oauth_codes WHERE enterprise_id = $1 AND user_id = $2 AND redeemed_at IS NULL";
    tx.execute(END, &[&enterprise.uuid(), &user.uuid()]).await.map(drop)
}

/// Returns the code with this hash, and locks it until the transaction ends.
pub(super) async fn lock(tx: &IdentityTx, hash: &SecretHash) -> Result<Option<Found>, StoreError> {
    const LOCK: &str = "-- oauth_code.lock
        SELECT enterprise_id, user_id, client_id, redirect_uri, challenge, scopes, resource, expires_at, redeemed_at,
               grant_id
          FROM oauth_codes WHERE code_hash = $1 FOR UPDATE";
    let row = tx.query_opt(LOCK, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| Found {
        hash: *hash,
        enterprise: EnterpriseId(row.get("enterprise_id")),
        user: UserId(row.get("user_id")),
        client_id: row.get("client_id"),
        redirect_uri: row.get("redirect_uri"),
        challenge: row.get("challenge"),
        scopes: scope::stored(&row.get::<_, Vec<String>>("scopes")),
        resource: row.get("resource"),
        expires_at: row.get("expires_at"),
        redeemed_at: row.get("redeemed_at"),
        grant: row.get::<_, Option<_>>("grant_id").map(GrantId),
    }))
}

/// Deletes a code that is of no use any more.
pub(super) async fn delete(tx: &IdentityTx, found: &Found) -> Result<(), StoreError> {
    const DELETE: &str = "-- oauth_code.delete
        DELETE FROM oauth_codes WHERE enterprise_id = $1 AND code_hash = $2";
    tx.execute(DELETE, &[&found.enterprise.uuid(), &found.hash.as_bytes()]).await.map(drop)
}

/// Records the grant that a code was exchanged for.
pub(super) async fn redeemed(
    tx: &IdentityTx,
    found: &Found,
    grant: GrantId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const REDEEMED: &str = "-- oauth_code.redeemed
        UPDATE oauth_codes SET redeemed_at = $3, grant_id = $4 WHERE enterprise_id = $1 AND code_hash = $2";
    tx.execute(REDEEMED, &[&found.enterprise.uuid(), &found.hash.as_bytes(), &now, &grant.uuid()])
        .await
        .map(drop)
}
