//! Rows of `public_links`.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::access::{SecretHash, TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::ids::{LinkId, MemoryId, UserId};
use crate::sharing::links::{Link, Linked};

pub(in crate::sharing) async fn insert(
    tx: &TenantTx<'_>,
    id: LinkId,
    memory: MemoryId,
    hash: &SecretHash,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- public_link.insert
        INSERT INTO public_links (enterprise_id, id, memory_id, token_hash, created_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let caller = tx.caller();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &id.uuid(),
            &memory.uuid(),
            &hash.as_bytes(),
            &caller.user_id().uuid(),
            &caller.request().at,
            &expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Links that were not revoked, oldest first.
pub(in crate::sharing) async fn list(tx: &TenantTx<'_>, memory: MemoryId) -> Result<Vec<Link>, StoreError> {
    const LIST: &str = "-- public_link.list
        SELECT id, created_by, created_at, expires_at, expires_at IS NULL OR expires_at > $3 AS live
          FROM public_links
         WHERE enterprise_id = $1 AND memory_id = $2 AND revoked_at IS NULL
         ORDER BY created_at, id";
    let caller = tx.caller();
    let rows =
        tx.query(LIST, &[&caller.enterprise_id().uuid(), &memory.uuid(), &caller.request().at]).await?;
    let link = |row: &Row| Link {
        id: LinkId(row.get("id")),
        created_by: UserId(row.get("created_by")),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        live: row.get("live"),
    };
    Ok(rows.iter().map(link).collect())
}

/// Whether there was such a link.
pub(in crate::sharing) async fn revoke(
    tx: &TenantTx<'_>,
    memory: MemoryId,
    id: LinkId,
) -> Result<bool, StoreError> {
    const REVOKE: &str = "-- public_link.revoke
        UPDATE public_links SET revoked_at = $4, revoked_by = $5
         WHERE enterprise_id = $1 AND memory_id = $2 AND id = $3 AND revoked_at IS NULL";
    let caller = tx.caller();
    let enterprise = caller.enterprise_id().uuid();
    let params = (&memory.uuid(), &id.uuid(), &caller.request().at, &caller.user_id().uuid());
    let ended = tx.execute(REVOKE, &[&enterprise, params.0, params.1, params.2, params.3]).await?;
    Ok(ended > 0)
}

/// What a link opens at that time.
pub(in crate::sharing) async fn open(
    tx: &UpkeepTx,
    hash: &SecretHash,
    at: DateTime<Utc>,
) -> Result<Option<Linked>, StoreError> {
    const OPEN: &str = "-- public_link.open
        SELECT l.content, l.categories, l.updated_at FROM mem0.read_link($1, $2) l";
    let row = tx.query_opt(OPEN, &[&hash.as_bytes(), &at]).await?;
    Ok(row.map(|row| Linked {
        memory: row.get("content"),
        categories: row.get("categories"),
        updated_at: row.get("updated_at"),
    }))
}
