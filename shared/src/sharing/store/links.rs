//! Rows of `public_links`.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{IdentityTx, SecretHash, TenantTx};
use crate::db::StoreError;
use crate::ids::{ContextId, EnterpriseId, LinkId, MemoryId, ScopeId, ShareId, UserId};
use crate::page::Cursor;
use crate::sharing::Subject;
use crate::sharing::links::{Ground, Link, Linked};

/// A link to store.
pub(in crate::sharing) struct NewRow<'a> {
    pub(in crate::sharing) id: LinkId,
    pub(in crate::sharing) subject: Subject,
    pub(in crate::sharing) hash: &'a SecretHash,
    /// What it depends on.
    pub(in crate::sharing) ground: Ground,
    pub(in crate::sharing) expires_at: Option<DateTime<Utc>>,
}

pub(in crate::sharing) async fn insert(tx: &TenantTx<'_>, new: &NewRow<'_>) -> Result<Link, StoreError> {
    const INSERT: &str = "-- public_link.insert
        INSERT INTO public_links (enterprise_id, id, memory_id, context_id, token_hash, created_by, created_at, expires_at,
                                  via_share_id, needs_public_share)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING id, created_by, created_at, expires_at, true AS live";
    let caller = tx.caller();
    let (memory, context) = keys(new.subject);
    let row = tx
        .query_one(
            INSERT,
            &[
                &caller.enterprise_id().uuid(),
                &new.id.uuid(),
                &memory,
                &context,
                &new.hash.as_bytes(),
                &caller.user_id().uuid(),
                &caller.request().at,
                &new.expires_at,
                &new.ground.via.map(ShareId::uuid),
                &new.ground.needs_public_share,
            ],
        )
        .await?;
    Ok(link(&row))
}

/// Lists the links that were not revoked, oldest first.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    subject: Subject,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Link>, StoreError> {
    const LIST: &str = "-- public_link.list
        SELECT id, created_by, created_at, expires_at, mem0.link_is_live(id) AS live
          FROM public_links
         WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND revoked_at IS NULL
           AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5::uuid))
         ORDER BY created_at, id
         LIMIT $6";
    let enterprise = tx.caller().enterprise_id().uuid();
    let (memory, context) = keys(subject);
    let (since, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows = tx.query(LIST, &[&enterprise, &memory, &context, &since, &id, &i64::from(most)]).await?;
    Ok(rows.iter().map(link).collect())
}

/// Returns how many links to it work now.
pub(in crate::sharing) async fn count_live(tx: &TenantTx<'_>, subject: Subject) -> Result<i64, StoreError> {
    const COUNT: &str = "-- public_link.count_live
        SELECT count(*) FROM public_links
         WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND revoked_at IS NULL
           AND mem0.link_is_live(id)";
    let (memory, context) = keys(subject);
    Ok(tx.query_one(COUNT, &[&tx.caller().enterprise_id().uuid(), &memory, &context]).await?.get(0))
}

/// A link through which a memory can be opened now.
pub(in crate::sharing) struct Opening {
    /// The name of its creator, or their id if they have none.
    pub(in crate::sharing) by: String,
    pub(in crate::sharing) expires_at: Option<DateTime<Utc>>,
    /// Whether it is a link to a context that contains the memory.
    pub(in crate::sharing) in_context: bool,
}

/// Lists the links through which a memory can be opened now, oldest first.
pub(in crate::sharing) async fn opening(
    tx: &TenantTx<'_>,
    memory: MemoryId,
) -> Result<Vec<Opening>, StoreError> {
    const OPENING: &str = "-- memory.list_links
        SELECT l.created_by, l.expires_at, l.in_context, nullif(u.display_name, '') AS name
          FROM mem0.links_to($1) l
          LEFT JOIN users u ON u.enterprise_id = mem0.enterprise() AND u.id = l.created_by";
    let rows = tx.query(OPENING, &[&memory.uuid()]).await?;
    let opening = |row: &Row| Opening {
        by: row.get::<_, Option<String>>("name").unwrap_or_else(|| UserId(row.get("created_by")).to_string()),
        expires_at: row.get("expires_at"),
        in_context: row.get("in_context"),
    };
    Ok(rows.iter().map(opening).collect())
}

/// Revokes a link; returns whether it existed.
pub(in crate::sharing) async fn revoke(
    tx: &TenantTx<'_>,
    subject: Subject,
    id: LinkId,
) -> Result<bool, StoreError> {
    const REVOKE: &str = "-- public_link.revoke
        UPDATE public_links SET revoked_at = $5, revoked_by = $6
         WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND id = $4 AND revoked_at IS NULL";
    let caller = tx.caller();
    let enterprise = caller.enterprise_id().uuid();
    let (memory, context) = keys(subject);
    let (at, user) = (caller.request().at, caller.user_id().uuid());
    Ok(tx.execute(REVOKE, &[&enterprise, &memory, &context, &id.uuid(), &at, &user]).await? > 0)
}

/// What a link opens.
pub(in crate::sharing) struct Found {
    pub(in crate::sharing) enterprise: EnterpriseId,
    pub(in crate::sharing) link: LinkId,
    /// The scope, name and description of a context.
    pub(in crate::sharing) context: Option<(ScopeId, String, String)>,
}

/// Finds the live link with that token at that time.
pub(in crate::sharing) async fn find(
    tx: &IdentityTx,
    hash: &SecretHash,
    at: DateTime<Utc>,
) -> Result<Option<Found>, StoreError> {
    const FIND: &str = "-- public_link.find
        SELECT l.enterprise_id, l.id, l.scope_id, l.name, l.description FROM mem0.find_link($1, $2) l";
    let row = tx.query_opt(FIND, &[&hash.as_bytes(), &at]).await?;
    Ok(row.map(|row| Found {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        link: LinkId(row.get("id")),
        context: row.get::<_, Option<i64>>("scope_id").map(|scope| {
            let description = row.get::<_, Option<String>>("description");
            (ScopeId(scope), row.get("name"), description.unwrap_or_default())
        }),
    }))
}

/// Reads the public memories behind a link, oldest first.
pub(in crate::sharing) async fn read(
    tx: &IdentityTx,
    hash: &SecretHash,
    at: DateTime<Utc>,
    (skipped, most): (i32, i32),
) -> Result<Vec<(MemoryId, Linked)>, StoreError> {
    const READ: &str = "-- public_link.read
        SELECT m.id, m.content, m.categories, m.updated_at FROM mem0.read_linked($1, $2, $3, $4) m";
    let rows = tx.query(READ, &[&hash.as_bytes(), &at, &skipped, &most]).await?;
    let linked = |row: &Row| {
        let linked = Linked {
            memory: row.get("content"),
            categories: row.get("categories"),
            updated_at: row.get("updated_at"),
        };
        (MemoryId(row.get("id")), linked)
    };
    Ok(rows.iter().map(linked).collect())
}

fn link(row: &Row) -> Link {
    Link {
        id: LinkId(row.get("id")),
        created_by: UserId(row.get("created_by")),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        live: row.get("live"),
    }
}

fn keys(subject: Subject) -> (Option<Uuid>, Option<Uuid>) {
    (subject.memory().map(MemoryId::uuid), subject.context().map(ContextId::uuid))
}
