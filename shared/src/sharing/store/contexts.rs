//! Contexts: scopes with a name in the nodes table and a description in its settings; and their contents.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::ids::{ContextId, ScopeId, UserId};
use crate::memory;
use crate::page::Cursor;
use crate::sharing::Direction;
use crate::sharing::contexts::Context;

/// Inserts a context with the caller as its owner.
pub(in crate::sharing) async fn insert(
    tx: &TenantTx<'_>,
    id: ContextId,
    name: &str,
    description: &str,
) -> Result<ScopeId, StoreError> {
    const INSERT: &str = "-- context.insert
        WITH scope AS (
            INSERT INTO scopes (enterprise_id, id, kind, path)
            SELECT $1, i.id, 'context', ARRAY[i.id] FROM (SELECT nextval('scope_ids') AS id) i
            RETURNING id
        ), named AS (
            INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, settings, created_at, updated_at)
            SELECT $1, $2, scope.id, $3, jsonb_build_object('description', $4::text), $5, $5 FROM scope
        ), owned AS (
            INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
            SELECT $1, $6, scope.id, 'owner', $5, $6 FROM scope
        )
        SELECT id FROM scope";
    let caller = tx.caller();
    let row = tx
        .query_one(
            INSERT,
            &[
                &caller.enterprise_id().uuid(),
                &id.uuid(),
                &name,
                &description,
                &caller.request().at,
                &caller.user_id().uuid(),
            ],
        )
        .await?;
    Ok(ScopeId(row.get(0)))
}

/// Lists those of these scopes that are contexts, and also, if wanted, those that are shared with a scope of the caller,
/// oldest first.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    scopes: &[i64],
    shared: bool,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Context>, StoreError> {
    const LIST: &str = "-- context.list
        SELECT n.id, n.name, coalesce(n.settings ->> 'description', '') AS description, n.created_at, n.updated_at,
               (SELECT max(h.role)::text FROM mem0.held_roles h
                 WHERE h.enterprise_id = $1 AND h.user_id = $2 AND h.scope_id = s.id) AS role
          FROM scopes s
          JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE s.enterprise_id = $1 AND s.kind = 'context'
           AND (s.id = ANY ($3)
                OR ($7 AND n.id = ANY (ARRAY(
                       SELECT h.context_id FROM shares h
                        WHERE h.enterprise_id = $1 AND h.context_id IS NOT NULL AND h.revoked_at IS NULL
                          AND (h.expires_at IS NULL OR h.expires_at > $8) AND h.grantee_scope_id = ANY (mem0.readable())))))
           AND ($4::timestamptz IS NULL OR (n.created_at, n.id) > ($4, $5::uuid))
         ORDER BY n.created_at, n.id
         LIMIT $6";
    let caller = tx.caller();
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &caller.user_id().uuid(),
                &scopes,
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
                &shared,
                &caller.request().at,
            ],
        )
        .await?;
    let corrupt = |problem| StoreError::Corrupt { table: "memberships", column: "role", problem };
    rows.iter()
        .map(|row| {
            let id = ContextId(row.get("id"));
            let role = row.get::<_, Option<&str>>("role").map(str::parse).transpose();
            Ok(Context {
                id,
                scope: format!("context:{id}"),
                name: row.get("name"),
                description: row.get("description"),
                role: role.map_err(corrupt)?,
                created_at: row.get("created_at"),
                updated_at: row.get("updated_at"),
            })
        })
        .collect()
}

pub(in crate::sharing) async fn update(
    tx: &TenantTx<'_>,
    id: ContextId,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<(), StoreError> {
    const UPDATE: &str = "-- context.update
        UPDATE sub_organizations
           SET name = coalesce($3, name), updated_at = $5,
               settings = CASE WHEN $4::text IS NULL THEN settings
                               ELSE jsonb_set(settings, '{description}', to_jsonb($4::text)) END
         WHERE enterprise_id = $1 AND id = $2";
    let caller = tx.caller();
    let enterprise = caller.enterprise_id().uuid();
    tx.execute(UPDATE, &[&enterprise, &id.uuid(), &name, &description, &caller.request().at]).await.map(drop)
}

/// Waits for memories that are being added or pinned to it, and prevents further ones until the transaction ends.
pub(in crate::sharing) async fn hold(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const HOLD: &str = "-- context.hold
        SELECT pg_advisory_xact_lock(mem0.scope_lock($1))";
    tx.query_one(HOLD, &[&scope.0]).await.map(drop)
}

/// Waits for anyone who holds it exclusively, and prevents others from doing so until the transaction ends, so that its
/// members and shares do not change.
pub(in crate::sharing) async fn keep(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const KEEP: &str = "-- context.keep
        SELECT pg_advisory_xact_lock_shared(mem0.scope_lock($1))";
    tx.query_one(KEEP, &[&scope.0]).await.map(drop)
}

/// Returns everything in it, visible to the caller or not.
pub(in crate::sharing) async fn memories(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Vec<Uuid>, StoreError> {
    const MEMORIES: &str = "-- context.list_memories
        SELECT mem0.memories_of_context($1)";
    Ok(tx.query_one(MEMORIES, &[&scope.0]).await?.get(0))
}

/// Returns a digest of its contents, visible to the caller or not: the memories with their versions and classes.
pub(in crate::sharing) async fn digest(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Vec<u8>, StoreError> {
    const DIGEST: &str = "-- context.digest
        SELECT mem0.contents_of_context($1)";
    Ok(tx.query_one(DIGEST, &[&scope.0]).await?.get(0))
}

/// Memories in a context with the same home, class and author.
pub(in crate::sharing) struct Carried {
    pub(in crate::sharing) home: ScopeId,
    pub(in crate::sharing) class: Classification,
    /// Who wrote what is a person's own or lives in a context; `None` where only the home counts.
    pub(in crate::sharing) author: Option<UserId>,
}

/// Returns its contents, visible to the caller or not.
pub(in crate::sharing) async fn carried(
    tx: &TenantTx<'_>,
    scope: ScopeId,
) -> Result<Vec<Carried>, StoreError> {
    const CARRIED: &str = "-- context.list_carried
        SELECT h.scope_id, h.classification::text, h.author_id FROM mem0.carried_by_context($1) h";
    let rows = tx.query(CARRIED, &[&scope.0]).await?;
    let carried = |row: &Row| {
        Ok(Carried {
            home: ScopeId(row.get("scope_id")),
            class: memory::classification(row, "memories")?,
            author: row.get::<_, Option<_>>("author_id").map(UserId),
        })
    };
    rows.iter().map(carried).collect()
}

/// Returns the highest class of anything in it, visible to the caller or not.
pub(in crate::sharing) async fn class(
    tx: &TenantTx<'_>,
    scope: ScopeId,
) -> Result<Classification, StoreError> {
    let carried = carried(tx, scope).await?;
    Ok(carried.into_iter().map(|carried| carried.class).max().unwrap_or(Classification::Public))
}

/// Returns since when the context is shared with this person without a break, if it is shared with them for good now with
/// somebody's approval. A share that is approved anew takes the place of the one before it.
pub(in crate::sharing) async fn agreed_since(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    person: ScopeId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    const AGREED: &str = "-- context.agreed_since
        WITH RECURSIVE every AS (
            SELECT h.granted_at, h.approval_id, h.expires_at, h.revoked_at
              FROM sub_organizations n
              JOIN shares h ON h.enterprise_id = n.enterprise_id AND h.context_id = n.id
             WHERE n.enterprise_id = $1 AND n.scope_id = $2 AND h.grantee_scope_id = $3
        ), unbroken AS (
            SELECT e.granted_at FROM every e
             WHERE e.approval_id IS NOT NULL AND e.revoked_at IS NULL AND e.expires_at IS NULL
             UNION
            SELECT e.granted_at
              FROM unbroken u
              JOIN every e ON e.granted_at < u.granted_at
                          AND (e.revoked_at IS NULL OR e.revoked_at >= u.granted_at)
                          AND (e.expires_at IS NULL OR e.expires_at >= u.granted_at)
        )
        SELECT min(u.granted_at) FROM unbroken u";
    Ok(tx.query_one(AGREED, &[&tx.caller().enterprise_id().uuid(), &scope.0, &person.0]).await?.get(0))
}

/// Hides from a new member what the memories of a context said before a given time.
pub(in crate::sharing) async fn limit_history(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    const LIMIT: &str = "-- context.limit_history
        UPDATE memberships SET history_from = $4 WHERE enterprise_id = $1 AND user_id = $2 AND scope_id = $3";
    let enterprise = tx.caller().enterprise_id().uuid();
    tx.execute(LIMIT, &[&enterprise, &user.uuid(), &scope.0, &since]).await.map(drop)
}

/// Memories in a context with the same home, class, author and approval.
pub(in crate::sharing) struct Agreed {
    pub(in crate::sharing) of: Carried,
    /// The direction that was approved when they were pinned; `None` if no approval was needed or they live in it.
    pub(in crate::sharing) direction: Option<Direction>,
}

/// Returns its contents, visible to the caller or not, grouped by approval.
pub(in crate::sharing) async fn agreed(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Vec<Agreed>, StoreError> {
    const AGREED: &str = "-- context.list_agreed
        SELECT a.scope_id, a.classification, a.author_id, a.agreed FROM mem0.agreed_for_context($1) a";
    let corrupt = |problem| StoreError::Corrupt { table: "approvals", column: "direction", problem };
    let agreed = |row: &Row| {
        let direction = row.get::<_, Option<&str>>("agreed").map(str::parse).transpose();
        let of = Carried {
            home: ScopeId(row.get("scope_id")),
            class: memory::classification(row, "memories")?,
            author: row.get::<_, Option<_>>("author_id").map(UserId),
        };
        Ok(Agreed { of, direction: direction.map_err(corrupt)? })
    };
    tx.query(AGREED, &[&scope.0]).await?.iter().map(agreed).collect()
}

/// Ends every share with the context and every share of it.
pub(in crate::sharing) async fn unpin_all(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const UNPIN: &str = "-- context.unpin_all
        SELECT mem0.empty_context($1, $2)";
    tx.query_one(UNPIN, &[&scope.0, &tx.caller().user_id().uuid()]).await.map(drop)
}

pub(in crate::sharing) async fn delete(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const DELETE: &str = "-- context.delete
        DELETE FROM scopes WHERE enterprise_id = $1 AND id = $2 AND kind = 'context'";
    tx.execute(DELETE, &[&tx.caller().enterprise_id().uuid(), &scope.0]).await.map(drop)
}
