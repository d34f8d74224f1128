//! Rows of `shares`, and their effect on the projection.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{AuthContext, ReadableScope, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{ApprovalId, ContextId, MemoryId, NodeId, ScopeId, ShareId, UserId};
use crate::memory::Permission;
use crate::page::Cursor;
use crate::sharing::standing::{InContext, Way};
use crate::sharing::{Share, Subject};

/// A share to store.
pub(in crate::sharing) struct NewRow<'a> {
    pub(in crate::sharing) id: ShareId,
    pub(in crate::sharing) subject: Subject,
    pub(in crate::sharing) grantee: ScopeId,
    pub(in crate::sharing) permission: Permission,
    pub(in crate::sharing) may_reshare: bool,
    pub(in crate::sharing) reason: Option<&'a str>,
    pub(in crate::sharing) granted_by: UserId,
    pub(in crate::sharing) via: Option<ShareId>,
    pub(in crate::sharing) expires_at: Option<DateTime<Utc>>,
}

/// Which shares to list.
#[derive(Default)]
pub(in crate::sharing) struct Wanted {
    pub(in crate::sharing) id: Option<ShareId>,
    pub(in crate::sharing) memory: Option<MemoryId>,
    pub(in crate::sharing) context: Option<ContextId>,
    /// Live shares of what this request is about, visible to the caller or not.
    pub(in crate::sharing) asked: Option<ApprovalId>,
    /// Includes those that have ended.
    pub(in crate::sharing) ended: bool,
    /// Only those that the caller made or is reached by.
    pub(in crate::sharing) own: bool,
    pub(in crate::sharing) after: Option<Cursor>,
}

/// Lists shares of what the caller can see, oldest first.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    wanted: &Wanted,
    most: u32,
) -> Result<Vec<Share>, StoreError> {
    const LIST: &str = "-- share.list
        SELECT h.id, h.memory_id, h.context_id, h.grantee_scope_id, h.permission::text, h.may_reshare, h.reason,
               h.granted_by, h.granted_at, h.via_share_id, h.approval_id, h.expires_at, h.revoked_at, h.revoked_by,
               s.kind, n.id AS node_id, n.name AS node_name, u.id AS person_id, u.display_name, g.display_name AS granter,
               h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $8) AS live
          FROM (SELECT own.* FROM shares own WHERE $12::uuid IS NULL
                 UNION ALL
                SELECT asked.* FROM mem0.approval_shares($12) asked) h
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = h.enterprise_id AND n.scope_id = h.grantee_scope_id
          LEFT JOIN users u ON u.enterprise_id = h.enterprise_id AND u.scope_id = h.grantee_scope_id
          LEFT JOIN users g ON g.enterprise_id = h.enterprise_id AND g.id = h.granted_by
         WHERE h.enterprise_id = $1
           AND ($2::uuid IS NULL OR h.id = $2)
           AND ($3::uuid IS NULL OR h.memory_id = $3)
           AND ($4::uuid IS NULL OR h.context_id = $4)
           AND ($5 OR (h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $8)))
           AND ($6::timestamptz IS NULL OR (h.granted_at, h.id) > ($6, $7::uuid))
           AND ($10::bigint[] IS NULL OR h.grantee_scope_id = ANY ($10) OR h.granted_by = $11)
         ORDER BY h.granted_at, h.id
         LIMIT $9";
    let caller = tx.caller();
    let reached = wanted.own.then(|| caller.scopes().iter().map(|scope| scope.id.0).collect::<Vec<i64>>());
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &wanted.id.map(ShareId::uuid),
                &wanted.memory.map(MemoryId::uuid),
                &wanted.context.map(ContextId::uuid),
                &wanted.ended,
                &wanted.after.map(|after| after.created_at),
                &wanted.after.map(|after| after.id),
                &caller.request().at,
                &i64::from(most),
                &reached,
                &caller.user_id().uuid(),
                &wanted.asked.map(ApprovalId::uuid),
            ],
        )
        .await?;
    rows.iter().map(|row| share(tx, row)).collect()
}

/// Lists the live shares through which a memory that the caller sees reaches somebody, or anyone; highest permission
/// first.
pub(in crate::sharing) async fn ways(
    tx: &TenantTx<'_>,
    memory: MemoryId,
    who: Option<&AuthContext>,
) -> Result<Vec<Way>, StoreError> {
    const WAYS: &str = "-- access.list_ways
        SELECT w.*, $1 AS memory_id, g.display_name AS granter, c.scope_id AS context_scope_id, c.name AS context_name
          FROM mem0.ways_to($1, $2) w
          LEFT JOIN users g ON g.enterprise_id = mem0.enterprise() AND g.id = w.granted_by
          LEFT JOIN shares h ON h.enterprise_id = mem0.enterprise() AND h.id = w.share_id AND w.in_context
          LEFT JOIN sub_organizations c ON c.enterprise_id = mem0.enterprise() AND c.id = h.context_id";
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    let scopes = who.map(|who| who.scopes().iter().map(|scope| scope.id.0).collect::<Vec<i64>>());
    let rows = tx.query(WAYS, &[&memory.uuid(), &scopes]).await?;
    let ways = rows
        .iter()
        .map(|row| {
            let kind: ScopeKind = row.get::<_, &str>("kind").parse().map_err(corrupt)?;
            let with = label(kind, row.get("node_id"), row.get::<_, Option<_>>("person_id").map(UserId));
            way(row, with, row.get("name"))
        })
        .collect::<Result<Vec<Way>, StoreError>>();
    let mut ways = ways?;
    ways.sort_by_key(|way| {
        let until = way.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        (Reverse(way.permission), Reverse(until), way.share)
    });
    Ok(ways)
}

/// Lists the live shares through which memories reach the caller: first their own, oldest first, then those of contexts that
/// contain them, highest permission first.
pub(in crate::sharing) async fn reaching(
    tx: &TenantTx<'_>,
    memories: &[MemoryId],
) -> Result<Vec<Way>, StoreError> {
    const REACHING: &str = "-- access.list_reaching
        SELECT memory_id, share_id, scope_id, permission, may_reshare, granted_by, granter, expires_at, context_scope_id,
               context_name
          FROM mem0.reaching_shares($1, $2)";
    let caller = tx.caller();
    let scopes: Vec<i64> = caller.scopes().iter().map(|scope| scope.id.0).collect();
    let memories: Vec<Uuid> = memories.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(REACHING, &[&memories, &scopes]).await?;
    let reaching = |row: &Row| {
        let reached = caller.scope(ScopeId(row.get("scope_id")));
        let with = reached.map(ReadableScope::label).unwrap_or_default();
        way(row, with, reached.and_then(|scope| scope.name.clone()))
    };
    rows.iter().map(reaching).collect()
}

/// Converts a row to a share that reaches this scope, as requests name it.
fn way(row: &Row, with: String, name: Option<String>) -> Result<Way, StoreError> {
    let corrupt = |problem| StoreError::Corrupt { table: "shares", column: "permission", problem };
    let context = row.get::<_, Option<i64>>("context_scope_id");
    Ok(Way {
        memory: MemoryId(row.get("memory_id")),
        share: ShareId(row.get("share_id")),
        scope: ScopeId(row.get("scope_id")),
        with,
        name,
        context: context.map(|id| InContext { scope: ScopeId(id), name: row.get("context_name") }),
        permission: row.get::<_, &str>("permission").parse().map_err(corrupt)?,
        may_reshare: row.get("may_reshare"),
        granted_by: UserId(row.get("granted_by")),
        granter: named(row),
        until: row.get("expires_at"),
    })
}

/// Returns a grantee as requests name it.
fn label(kind: ScopeKind, node: Option<Uuid>, person: Option<UserId>) -> String {
    match (person, node) {
        (Some(person), _) => format!("person:{person}"),
        (None, Some(node)) if kind == ScopeKind::Context => format!("context:{}", ContextId(node)),
        (None, Some(node)) => format!("{kind}:{}", NodeId(node)),
        (None, None) => kind.to_string(),
    }
}

/// Returns the id of the granter's own live share of an item with a grantee.
pub(in crate::sharing) async fn own(
    tx: &TenantTx<'_>,
    subject: Subject,
    grantee: ScopeId,
    granter: UserId,
) -> Result<Option<ShareId>, StoreError> {
    const OWN: &str = "-- share.find_own
        SELECT id FROM shares
         WHERE enterprise_id = $1 AND coalesce(memory_id, context_id) = $2 AND grantee_scope_id = $3 AND granted_by = $4
           AND revoked_at IS NULL";
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_opt(OWN, &[&enterprise, &subject.uuid(), &grantee.0, &granter.uuid()]).await?;
    Ok(row.map(|row| ShareId(row.get(0))))
}

pub(in crate::sharing) async fn insert(tx: &TenantTx<'_>, new: &NewRow<'_>) -> Result<(), StoreError> {
    const INSERT: &str = "-- share.insert
        INSERT INTO shares (enterprise_id, id, memory_id, context_id, grantee_scope_id, permission, may_reshare, reason,
                            granted_by, granted_at, via_share_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6::text::share_permission, $7, $8, $9, $10, $11, $12)";
    let caller = tx.caller();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &new.id.uuid(),
            &new.subject.memory().map(MemoryId::uuid),
            &new.subject.context().map(ContextId::uuid),
            &new.grantee.0,
            &new.permission.as_str(),
            &new.may_reshare,
            &new.reason,
            &new.granted_by.uuid(),
            &caller.request().at,
            &new.via.map(ShareId::uuid),
            &new.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Changes the terms of an existing share.
pub(in crate::sharing) async fn update(
    tx: &TenantTx<'_>,
    id: ShareId,
    new: &NewRow<'_>,
) -> Result<(), StoreError> {
    const UPDATE: &str = "-- share.update
        UPDATE shares SET permission = $3::text::share_permission, may_reshare = $4, reason = $5, granted_at = $6,
                          via_share_id = $7, approval_id = NULL, expires_at = $8
         WHERE enterprise_id = $1 AND id = $2";
    let caller = tx.caller();
    tx.execute(
        UPDATE,
        &[
            &caller.enterprise_id().uuid(),
            &id.uuid(),
            &new.permission.as_str(),
            &new.may_reshare,
            &new.reason,
            &caller.request().at,
            &new.via.map(ShareId::uuid),
            &new.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Ends a share and everything that was shared on through it, or only the latter; returns how many ended.
pub(in crate::sharing) async fn revoke(
    tx: &TenantTx<'_>,
    id: ShareId,
    itself: bool,
) -> Result<u64, StoreError> {
    const REVOKE: &str = "-- share.revoke
        WITH RECURSIVE chain AS (
            SELECT $2::uuid AS id
            UNION
            SELECT s.id FROM shares s JOIN chain c ON s.via_share_id = c.id
             WHERE s.enterprise_id = $1 AND s.revoked_at IS NULL
        )
        UPDATE shares s SET revoked_at = $4, revoked_by = $5
          FROM chain c
         WHERE s.enterprise_id = $1 AND s.id = c.id AND s.revoked_at IS NULL AND (s.id <> $2 OR $3)";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tx.execute(REVOKE, &[&enterprise, &id.uuid(), &itself, &caller.request().at, &user]).await
}

/// Brings what search and row-level security read up to date with the grants of these memories.
pub(in crate::sharing) async fn project(tx: &TenantTx<'_>, ids: &[Uuid]) -> Result<(), StoreError> {
    const PROJECT: &str = "-- share.project
        SELECT mem0.project_shares($1)";
    tx.query_one(PROJECT, &[&ids]).await.map(drop)
}

fn share(tx: &TenantTx<'_>, row: &Row) -> Result<Share, StoreError> {
    let corrupt = |table, column, problem| StoreError::Corrupt { table, column, problem };
    let kind: ScopeKind =
        row.get::<_, &str>("kind").parse().map_err(|problem| corrupt("scopes", "kind", problem))?;
    let permission = row.get::<_, &str>("permission").parse();
    let grantee = ScopeId(row.get("grantee_scope_id"));
    let person = row.get::<_, Option<Uuid>>("person_id").map(UserId);
    let node = row.get::<_, Option<Uuid>>("node_id");
    // The name of a node is only for those who can see the node.
    let name = match person {
        Some(_) => row.get::<_, Option<String>>("display_name").filter(|name| !name.is_empty()),
        None => tx.caller().scope(grantee).and_then(|_| row.get("node_name")),
    };
    let with = label(kind, node, person);
    Ok(Share {
        id: ShareId(row.get("id")),
        memory_id: row.get::<_, Option<_>>("memory_id").map(MemoryId),
        context_id: row.get::<_, Option<_>>("context_id").map(ContextId),
        with,
        with_name: name,
        permission: permission.map_err(|problem| corrupt("shares", "permission", problem))?,
        may_reshare: row.get("may_reshare"),
        reason: row.get("reason"),
        granted_by: UserId(row.get("granted_by")),
        granted_at: row.get("granted_at"),
        via: row.get::<_, Option<_>>("via_share_id").map(ShareId),
        approval_id: row.get::<_, Option<_>>("approval_id").map(ApprovalId),
        expires_at: row.get("expires_at"),
        revoked_at: row.get("revoked_at"),
        revoked_by: row.get::<_, Option<_>>("revoked_by").map(UserId),
        live: row.get("live"),
        grantee,
        granter: named(row),
    })
}

/// Returns the name of who shared it, if they have one.
fn named(row: &Row) -> Option<String> {
    row.get::<_, Option<String>>("granter").filter(|name| !name.is_empty())
}
