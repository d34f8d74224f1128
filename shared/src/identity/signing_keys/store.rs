//! `signing_keys`.

use chrono::{DateTime, Utc};

use super::SigningKey;
use crate::access::IdentityTx;
use crate::db::StoreError;

/// Returns every key, oldest first.
pub(super) async fn list(tx: &IdentityTx) -> Result<Vec<SigningKey>, StoreError> {
    const LIST: &str = "-- signing_key.list
        SELECT id, private_key, public_key, active_from FROM signing_keys ORDER BY active_from, id";
    let rows = tx.query(LIST, &[]).await?;
    rows.iter()
        .map(|row| {
            let bytes = |column: &'static str| {
                row.get::<_, Vec<u8>>(column).try_into().map_err(|_| StoreError::Corrupt {
                    table: "signing_keys",
                    column,
                    problem: "not 32 bytes".to_owned(),
                })
            };
            Ok(SigningKey {
                id: row.get("id"),
                seed: bytes("private_key")?,
                public: bytes("public_key")?,
                active_from: row.get("active_from"),
            })
        })
        .collect()
}

/// Waits until no other transaction changes the keys, and prevents others from doing so.
pub(super) async fn lock(tx: &IdentityTx) -> Result<(), StoreError> {
    const LOCK: &str = "-- signing_key.lock
        SELECT pg_advisory_xact_lock(hashtextextended('mem0.signing_keys', 0))";
    tx.execute(LOCK, &[]).await.map(drop)
}

pub(super) async fn insert(tx: &IdentityTx, key: &SigningKey, now: DateTime<Utc>) -> Result<(), StoreError> {
    const INSERT: &str = "-- signing_key.insert
        INSERT INTO signing_keys (id, private_key, public_key, active_from, created_at) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(INSERT, &[&key.id, &key.seed.as_slice(), &key.public.as_slice(), &key.active_from, &now])
        .await
        .map(drop)
}

pub(super) async fn delete(tx: &IdentityTx, id: &str) -> Result<(), StoreError> {
    const DELETE: &str = "-- signing_key.delete
        DELETE FROM signing_keys WHERE id = $1";
    tx.execute(DELETE, &[&id]).await.map(drop)
}
