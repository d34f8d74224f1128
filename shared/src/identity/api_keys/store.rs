//! `api_keys`, always of one caller.

use super::ApiKeyView;
use crate::access::{AuthContext, IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::ids::ApiKeyId;
use crate::page::Cursor;

pub(super) async fn insert(
    tx: &IdentityTx,
    caller: &AuthContext,
    key: &ApiKeyView,
    hash: &SecretHash,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- api_key.insert
        INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &key.id.uuid(),
            &caller.user_id().uuid(),
            &key.name,
            &key.prefix,
            &hash.as_bytes(),
            &scopes,
            &key.created_at,
            &key.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// How many keys that are neither revoked nor expired.
pub(super) async fn count(tx: &IdentityTx, caller: &AuthContext) -> Result<i64, StoreError> {
    const COUNT: &str = "-- api_key.count
        SELECT count(*) FROM api_keys
         WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tx.query_one(COUNT, &[&enterprise, &user, &caller.request().at]).await.map(|row| row.get(0))
}

pub(super) async fn list(
    tx: &IdentityTx,
    caller: &AuthContext,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<ApiKeyView>, StoreError> {
    const LIST: &str = "-- api_key.list
        SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at
          FROM api_keys
         WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (time, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows = tx.query(LIST, &[&enterprise, &user, &time, &id, &i64::from(limit)]).await?;
    rows.iter()
        .map(|row| {
            let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "scopes", problem };
            let scopes = row.get::<_, Vec<String>>("scopes");
            Ok(ApiKeyView {
                id: ApiKeyId(row.get("id")),
                name: row.get("name"),
                prefix: row.get("prefix"),
                scopes: scopes
                    .iter()
                    .map(|scope| scope.parse().map_err(corrupt))
                    .collect::<Result<_, _>>()?,
                created_at: row.get("created_at"),
                expires_at: row.get("expires_at"),
                last_used_at: row.get("last_used_at"),
            })
        })
        .collect()
}

/// Revokes a key; false if there is none or it was revoked before.
pub(super) async fn revoke(tx: &IdentityTx, caller: &AuthContext, key: ApiKeyId) -> Result<bool, StoreError> {
    const REVOKE: &str = "-- api_key.revoke
        UPDATE api_keys SET revoked_at = $4
         WHERE enterprise_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let revoked = tx.execute(REVOKE, &[&enterprise, &user, &key.uuid(), &caller.request().at]).await?;
    Ok(revoked == 1)
}

/// Whether it is or was one of the caller's.
pub(super) async fn exists(tx: &IdentityTx, caller: &AuthContext, key: ApiKeyId) -> Result<bool, StoreError> {
    const EXISTS: &str = "-- api_key.exists
        SELECT FROM api_keys WHERE enterprise_id = $1 AND user_id = $2 AND id = $3";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    Ok(tx.query_opt(EXISTS, &[&enterprise, &user, &key.uuid()]).await?.is_some())
}
