//! `api_keys`, always of one owner in the caller's tenant.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::access::{ApiKeyVerb, AuthContext, Classification, IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::ids::{ApiKeyId, ScopeId, UserId};
use crate::page::Cursor;

/// A key as it is stored, without its hash.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) id: ApiKeyId,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) scopes: Vec<ApiKeyVerb>,
    pub(super) within: Option<Vec<ScopeId>>,
    pub(super) ceiling: Option<Classification>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) last_used_at: Option<DateTime<Utc>>,
    pub(super) rotated_from: Option<ApiKeyId>,
    pub(super) created_by: Option<UserId>,
}

/// A key that is to be rotated.
pub(super) struct Locked {
    pub(super) row: KeyRow,
    pub(super) revoked: bool,
    pub(super) successor: Option<ApiKeyId>,
}

pub(super) async fn insert(
    tx: &IdentityTx,
    caller: &AuthContext,
    owner: UserId,
    key: &KeyRow,
    hash: &SecretHash,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- api_key.insert
        INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, within_scopes, ceiling,
                              created_at, expires_at, rotated_from, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let within: Option<Vec<i64>> = key.within.as_ref().map(|ids| ids.iter().map(|id| id.0).collect());
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &key.id.uuid(),
            &owner.uuid(),
            &key.name,
            &key.prefix,
            &hash.as_bytes(),
            &scopes,
            &within,
            &key.ceiling.map(|class| class.as_str()),
            &key.created_at,
            &key.expires_at,
            &key.rotated_from.map(ApiKeyId::uuid),
            &key.created_by.map(UserId::uuid),
        ],
    )
    .await
    .map(drop)
}

/// Returns the number of keys that are neither revoked nor expired.
pub(super) async fn count(tx: &IdentityTx, caller: &AuthContext, owner: UserId) -> Result<i64, StoreError> {
    const COUNT: &str = "-- api_key.count
        SELECT count(*) FROM api_keys
         WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)";
    let enterprise = caller.enterprise_id().uuid();
    tx.query_one(COUNT, &[&enterprise, &owner.uuid(), &caller.request().at]).await.map(|row| row.get(0))
}

pub(super) async fn list(
    tx: &IdentityTx,
    caller: &AuthContext,
    owner: UserId,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<KeyRow>, StoreError> {
    const LIST: &str = "-- api_key.list
        SELECT id, name, prefix, scopes, within_scopes, ceiling, created_at, expires_at, last_used_at, rotated_from,
               created_by
          FROM api_keys
         WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5";
    let enterprise = caller.enterprise_id().uuid();
    let (time, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows = tx.query(LIST, &[&enterprise, &owner.uuid(), &time, &id, &i64::from(limit)]).await?;
    rows.iter().map(KeyRow::try_from).collect()
}

/// Locks a key until the transaction ends, and returns it with its successor.
pub(super) async fn lock(
    tx: &IdentityTx,
    caller: &AuthContext,
    owner: UserId,
    key: ApiKeyId,
) -> Result<Option<Locked>, StoreError> {
    const LOCK: &str = "-- api_key.lock
        SELECT k.id, k.name, k.prefix, k.scopes, k.within_scopes, k.ceiling, k.created_at, k.expires_at, k.last_used_at,
               k.rotated_from, k.created_by, k.revoked_at IS NOT NULL AS revoked,
               (SELECT s.id FROM api_keys s WHERE s.enterprise_id = $1 AND s.rotated_from = k.id) AS successor
          FROM api_keys k
         WHERE k.enterprise_id = $1 AND k.user_id = $2 AND k.id = $3 FOR UPDATE";
    let enterprise = caller.enterprise_id().uuid();
    let row = tx.query_opt(LOCK, &[&enterprise, &owner.uuid(), &key.uuid()]).await?;
    row.map(|row| {
        Ok(Locked {
            row: KeyRow::try_from(&row)?,
            revoked: row.get("revoked"),
            successor: row.get::<_, Option<_>>("successor").map(ApiKeyId),
        })
    })
    .transpose()
}

pub(super) async fn expire(
    tx: &IdentityTx,
    caller: &AuthContext,
    key: ApiKeyId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const EXPIRE: &str = "-- api_key.expire
        UPDATE api_keys SET expires_at = $3 WHERE enterprise_id = $1 AND id = $2";
    tx.execute(EXPIRE, &[&caller.enterprise_id().uuid(), &key.uuid(), &at]).await.map(drop)
}

/// Revokes a key; returns false if there is none or it was already revoked.
pub(super) async fn revoke(
    tx: &IdentityTx,
    caller: &AuthContext,
    owner: UserId,
    key: ApiKeyId,
) -> Result<bool, StoreError> {
    const REVOKE: &str = "-- api_key.revoke
        UPDATE api_keys SET revoked_at = $4
         WHERE enterprise_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL";
    let enterprise = caller.enterprise_id().uuid();
    let revoked =
        tx.execute(REVOKE, &[&enterprise, &owner.uuid(), &key.uuid(), &caller.request().at]).await?;
    Ok(revoked == 1)
}

/// Whether the key is or was one of the owner's.
pub(super) async fn exists(
    tx: &IdentityTx,
    caller: &AuthContext,
    owner: UserId,
    key: ApiKeyId,
) -> Result<bool, StoreError> {
    const EXISTS: &str = "-- api_key.exists
        SELECT FROM api_keys WHERE enterprise_id = $1 AND user_id = $2 AND id = $3";
    let enterprise = caller.enterprise_id().uuid();
    Ok(tx.query_opt(EXISTS, &[&enterprise, &owner.uuid(), &key.uuid()]).await?.is_some())
}

impl TryFrom<&Row> for KeyRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "scopes", problem };
        let scopes = row.get::<_, Vec<String>>("scopes");
        let within = row.get::<_, Option<Vec<i64>>>("within_scopes");
        let ceiling = row.get::<_, Option<&str>>("ceiling").map(str::parse).transpose();
        Ok(Self {
            id: ApiKeyId(row.get("id")),
            name: row.get("name"),
            prefix: row.get("prefix"),
            scopes: scopes.iter().map(|scope| scope.parse().map_err(corrupt)).collect::<Result<_, _>>()?,
            within: within.map(|ids| ids.into_iter().map(ScopeId).collect()),
            ceiling: ceiling.map_err(|problem| StoreError::Corrupt {
                table: "api_keys",
                column: "ceiling",
                problem,
            })?,
            created_at: row.get("created_at"),
            expires_at: row.get("expires_at"),
            last_used_at: row.get("last_used_at"),
            rotated_from: row.get::<_, Option<_>>("rotated_from").map(ApiKeyId),
            created_by: row.get::<_, Option<_>>("created_by").map(UserId),
        })
    }
}
