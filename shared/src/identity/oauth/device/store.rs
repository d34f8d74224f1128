//! `oauth_device_codes`.

use chrono::{DateTime, TimeDelta, Utc};

use super::INTERVAL;
use crate::access::{ApiKeyVerb, AuthContext, IdentityTx, RequestInfo, SecretHash};
use crate::db::StoreError;
use crate::identity::oauth::scope;
use crate::ids::{EnterpriseId, UserId};

pub(super) struct NewDevice<'a> {
    pub(super) hash: SecretHash,
    pub(super) user_code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) scopes: &'a [ApiKeyVerb],
    pub(super) resource: &'a str,
}

/// Inserts a device, and deletes some expired ones; returns false if the code is taken.
pub(super) async fn insert(
    tx: &IdentityTx,
    new: &NewDevice<'_>,
    request: &RequestInfo,
    expires_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const INSERT: &str = "-- oauth_device_code.insert
        WITH forgotten AS (
            DELETE FROM oauth_device_codes
             WHERE device_code_hash IN (SELECT device_code_hash FROM oauth_device_codes WHERE expires_at < $10
                                         ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED))
        INSERT INTO oauth_device_codes (device_code_hash, user_code, client_id, scopes, resource, ip, created_at,
                                        expires_at, interval_s)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (user_code) DO NOTHING";
    // Devices are kept for a while after they expire, so that a late one is told what happened.
    let forgotten = request.at - TimeDelta::hours(1);
    let inserted = tx
        .execute(
            INSERT,
            &[
                &new.hash.as_bytes(),
                &new.user_code,
                &new.client_id,
                &scope::names(new.scopes),
                &new.resource,
                &request.ip,
                &request.at,
                &expires_at,
                &INTERVAL,
                &forgotten,
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// A device that waits for its user.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The code as it is stored, without a dash.
    pub user_code: String,
    /// The application that runs on it.
    pub client_id: String,
    /// The requested scopes.
    pub scopes: Vec<ApiKeyVerb>,
    /// The requested resource.
    pub resource: String,
    /// The address that the request came from.
    pub ip: Option<String>,
    /// When it sent the request.
    pub created_at: DateTime<Utc>,
}

pub(super) async fn waiting(
    tx: &IdentityTx,
    user_code: &str,
    now: DateTime<Utc>,
) -> Result<Option<Waiting>, StoreError> {
    const WAITING: &str = "-- oauth_device_code.waiting
        SELECT user_code, client_id, scopes, resource, ip, created_at FROM oauth_device_codes
         WHERE user_code = $1 AND expires_at > $2 AND decision IS NULL";
    let row = tx.query_opt(WAITING, &[&user_code, &now]).await?;
    Ok(row.map(|row| Waiting {
        user_code: row.get("user_code"),
        client_id: row.get("client_id"),
        scopes: scope::stored(&row.get::<_, Vec<String>>("scopes")),
        resource: row.get("resource"),
        ip: row.get("ip"),
        created_at: row.get("created_at"),
    }))
}

/// Records the decision, and reduces the requested scopes to the approved ones; returns false if there is no such
/// device any more, or it has already been decided.
pub(super) async fn decide(
    tx: &IdentityTx,
    caller: &AuthContext,
    user_code: &str,
    decision: &str,
    scopes: &[ApiKeyVerb],
) -> Result<bool, StoreError> {
    const DECIDE: &str = "-- oauth_device_code.decide
        UPDATE oauth_device_codes d
           SET enterprise_id = $2, user_id = $3, decision = $4,
               scopes = CASE WHEN $4 = 'denied' THEN d.scopes ELSE
                        ARRAY(SELECT s FROM unnest(d.scopes) WITH ORDINALITY AS asked (s, n) WHERE s = ANY ($6) ORDER BY n) END
         WHERE user_code = $1 AND expires_at > $5 AND decision IS NULL AND ($4 = 'denied' OR d.scopes && $6)";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let decided = tx
        .execute(
            DECIDE,
            &[&user_code, &enterprise, &user, &decision, &caller.request().at, &scope::names(scopes)],
        )
        .await?;
    Ok(decided == 1)
}

pub(super) enum Decision {
    Waiting,
    Denied,
    Approved(EnterpriseId, UserId),
}

/// A device that polls.
pub(super) struct Found {
    hash: SecretHash,
    pub(super) client_id: String,
    pub(super) scopes: Vec<ApiKeyVerb>,
    pub(super) resource: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) interval: i32,
    polled_at: Option<DateTime<Utc>>,
    pub(super) decision: Decision,
    pub(super) redeemed: bool,
}

impl Found {
    /// Whether it polled again before its interval was over. One second is tolerated for network delays.
    pub(super) fn too_soon(&self, now: DateTime<Utc>) -> bool {
        self.polled_at.is_some_and(|at| now - at < TimeDelta::seconds(i64::from(self.interval) - 1))
    }
}

/// Returns the user who approved a device.
pub(super) async fn approver(tx: &IdentityTx, hash: &SecretHash) -> Result<Option<UserId>, StoreError> {
    const APPROVER: &str = "-- oauth_device_code.approver
        SELECT user_id FROM oauth_device_codes WHERE device_code_hash = $1 AND decision = 'approved'";
    let row = tx.query_opt(APPROVER, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| UserId(row.get("user_id"))))
}

/// Withdraws the approvals of a user whose devices did not get their tokens yet.
pub(in crate::identity::oauth) async fn end(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
) -> Result<(), StoreError> {
    const END: &str = "-- oauth_device_code.end
        UPDATE oauth_device_codes SET decision = 'denied'
         WHERE enterprise_id = $1 AND user_id = $2 AND decision = 'approved' AND redeemed_at IS NULL";
    tx.execute(END, &[&enterprise.uuid(), &user.uuid()]).await.map(drop)
}

/// Returns the device with this code, and locks it until the transaction ends.
pub(super) async fn lock(tx: &IdentityTx, hash: &SecretHash) -> Result<Option<Found>, StoreError> {
    const LOCK: &str = "-- oauth_device_code.lock
        SELECT client_id, scopes, resource, expires_at, interval_s, polled_at, decision, enterprise_id, user_id,
               redeemed_at IS NOT NULL AS redeemed
          FROM oauth_device_codes WHERE device_code_hash = $1 FOR UPDATE";
    let row = tx.query_opt(LOCK, &[&hash.as_bytes()]).await?;
    Ok(row.map(|row| {
        let decision = match row.get::<_, Option<&str>>("decision") {
            Some("approved") => {
                Decision::Approved(EnterpriseId(row.get("enterprise_id")), UserId(row.get("user_id")))
            }
            Some(_) => Decision::Denied,
            None => Decision::Waiting,
        };
        Found {
            hash: *hash,
            client_id: row.get("client_id"),
            scopes: scope::stored(&row.get::<_, Vec<String>>("scopes")),
            resource: row.get("resource"),
            expires_at: row.get("expires_at"),
            interval: row.get("interval_s"),
            polled_at: row.get("polled_at"),
            decision,
            redeemed: row.get("redeemed"),
        }
    }))
}

/// Records when it polled.
pub(super) async fn polled(tx: &IdentityTx, found: &Found, now: DateTime<Utc>) -> Result<(), StoreError> {
    const POLLED: &str = "-- oauth_device_code.polled
        UPDATE oauth_device_codes SET polled_at = $2 WHERE device_code_hash = $1";
    tx.execute(POLLED, &[&found.hash.as_bytes(), &now]).await.map(drop)
}

/// Increases the interval of a device that polls too often by five seconds.
pub(super) async fn slow_down(tx: &IdentityTx, found: &Found, now: DateTime<Utc>) -> Result<(), StoreError> {
    const SLOW_DOWN: &str = "-- oauth_device_code.slow_down
        UPDATE oauth_device_codes SET polled_at = $2, interval_s = least(interval_s + 5, 60) WHERE device_code_hash = $1";
    tx.execute(SLOW_DOWN, &[&found.hash.as_bytes(), &now]).await.map(drop)
}

/// Records that it got its tokens.
pub(super) async fn redeemed(tx: &IdentityTx, found: &Found, now: DateTime<Utc>) -> Result<(), StoreError> {
    const REDEEMED: &str = "-- oauth_device_code.redeemed
        UPDATE oauth_device_codes SET redeemed_at = $2 WHERE device_code_hash = $1";
    tx.execute(REDEEMED, &[&found.hash.as_bytes(), &now]).await.map(drop)
}
