//! What shares allow the caller, and who sees a memory through its scopes.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::row::classification;
use crate::access::{Audience, Classification, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId, ShareId, UserId};
use crate::memory::{Memory, Permission};
use crate::tenancy::policies::Direction;

/// Returns the highest permission that any share grants the caller, for each memory that has one.
pub(crate) async fn granted(
    tx: &TenantTx<'_>,
    ids: &[MemoryId],
) -> Result<HashMap<MemoryId, Permission>, StoreError> {
    const GRANTED: &str = "-- share.list_granted
        SELECT g.memory_id, g.permission FROM mem0.granted($1) g";
    let corrupt = |problem| StoreError::Corrupt { table: "shares", column: "permission", problem };
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(GRANTED, &[&ids]).await?;
    rows.iter()
        .map(|row| Ok((MemoryId(row.get(0)), row.get::<_, &str>(1).parse().map_err(corrupt)?)))
        .collect()
}

/// Brings the data read by search and row-level security up to date with the grants of these memories. Needed only for
/// memories added to a context: other new memories are not shared yet.
pub(crate) async fn project(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<(), StoreError> {
    const PROJECT: &str = "-- share.project
        SELECT mem0.project_shares($1)";
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.query_one(PROJECT, &[&ids]).await.map(drop)
}

/// Returns the kinds of scopes that a context is shared with now.
pub(crate) async fn audiences_of(tx: &TenantTx<'_>, context: ScopeId) -> Result<Vec<Audience>, StoreError> {
    const AUDIENCES: &str = "-- context.list_audiences
        SELECT DISTINCT s.kind
          FROM sub_organizations n
          JOIN shares h ON h.enterprise_id = n.enterprise_id AND h.context_id = n.id AND h.revoked_at IS NULL
                       AND (h.expires_at IS NULL OR h.expires_at > $3)
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
         WHERE n.enterprise_id = $1 AND n.scope_id = $2";
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    let caller = tx.caller();
    let rows =
        tx.query(AUDIENCES, &[&caller.enterprise_id().uuid(), &context.0, &caller.request().at]).await?;
    let kinds = rows.iter().map(|row| row.get::<_, &str>(0).parse::<ScopeKind>().map_err(corrupt));
    kinds.map(|kind| Ok(kind?.into())).collect()
}

/// Prevents anyone from sharing, or making a link to, a context that any of these memories is in until the transaction
/// ends.
pub(crate) async fn keep_contexts(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<(), StoreError> {
    const KEEP: &str = "-- memory.keep_contexts
        SELECT count(pg_advisory_xact_lock_shared(mem0.scope_lock(c.id)))
          FROM (SELECT DISTINCT s.id
                  FROM memories m
                 CROSS JOIN LATERAL unnest(m.scope_ids) AS seen (id)
                  JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = seen.id AND s.kind = 'context'
                 WHERE m.enterprise_id = $1 AND m.id = ANY ($2)
                 ORDER BY s.id) c";
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.query_one(KEEP, &[&tx.caller().enterprise_id().uuid(), &ids]).await.map(drop)
}

/// Returns whether any of these scopes is a context with a link, visible to the caller or not.
pub(crate) async fn linked(tx: &TenantTx<'_>, scopes: &[ScopeId]) -> Result<bool, StoreError> {
    const LINKED: &str = "-- context.is_linked
        SELECT EXISTS (SELECT FROM mem0.linked_contexts($1))";
    let ids: Vec<i64> = scopes.iter().map(|id| id.0).collect();
    Ok(tx.query_one(LINKED, &[&ids]).await?.get(0))
}

/// Returns whether a link that nobody had to approve would open what is public: a link to the memory (none for a new
/// one), to the context where it lives, or any link to a context to which it is pinned.
pub(crate) async fn opened_unapproved(
    tx: &TenantTx<'_>,
    memory: Option<MemoryId>,
    home: ScopeId,
    scopes: &[ScopeId],
) -> Result<bool, StoreError> {
    const OPENED: &str = "-- memory.is_opened_unapproved
        SELECT EXISTS (SELECT FROM mem0.linked_contexts($2) c WHERE NOT (c.scope_id = $3 AND c.agreed))
            OR EXISTS (SELECT FROM public_links l
                        WHERE l.enterprise_id = $1 AND l.memory_id = $4 AND NOT l.needs_public_share
                          AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $5))";
    let ids: Vec<i64> = scopes.iter().map(|id| id.0).collect();
    let caller = tx.caller();
    let (enterprise, memory) = (caller.enterprise_id().uuid(), memory.map(|id| id.uuid()));
    let row = tx.query_one(OPENED, &[&enterprise, &ids, &home.0, &memory, &caller.request().at]).await?;
    Ok(row.get(0))
}

/// Somebody who sees what is added to a context, without an approval that covers it: a member, or somebody with whom it is
/// shared.
pub(crate) struct Guest {
    /// Whether they are a member.
    pub(crate) member: bool,
    /// The direction in which what the author adds goes to them.
    pub(crate) direction: Direction,
}

/// Lists the members of a context other than the author of something in it, and those with whom the context is shared,
/// except where somebody approved that the context is shared with them, for this class or a higher one, and as far as
/// this goes. For members, that share must have no end: a role has none.
pub(crate) async fn guests(
    tx: &TenantTx<'_>,
    context: ScopeId,
    class: Classification,
    author: UserId,
) -> Result<Vec<Guest>, StoreError> {
    const GUESTS: &str = "-- context.list_guests
        WITH sees AS MATERIALIZED (
            SELECT c.scope_id, c.user_id, c.approval_id, c.expires_at FROM mem0.sees_context($1, $2, $5) c
        ), agreed AS (
            SELECT e.scope_id, max(mem0.farness(a.direction)) AS far,
                   max(mem0.farness(a.direction)) FILTER (WHERE e.expires_at IS NULL) AS far_for_good
              FROM sees e
              JOIN approvals a ON a.enterprise_id = $1 AND a.id = e.approval_id
                              AND a.classification >= $3::text::classification
             GROUP BY e.scope_id
        ), guests AS MATERIALIZED (
            SELECT DISTINCT e.scope_id AS id, e.user_id IS NOT NULL AS member
              FROM sees e WHERE e.user_id IS DISTINCT FROM $4
        ), ways AS MATERIALIZED (
            SELECT w.grantee, w.direction
              FROM (SELECT array_agg($2::bigint) AS homes, array_agg($4::uuid) AS authors, array_agg(g.id) AS ids
                      FROM guests g) a
             CROSS JOIN LATERAL mem0.directions_of($1, a.homes, a.authors, a.ids) w
        )
        SELECT g.member, w.direction
          FROM guests g
          LEFT JOIN agreed a ON a.scope_id = g.id
          LEFT JOIN ways w ON w.grantee = g.id
         CROSS JOIN LATERAL (SELECT CASE WHEN g.member THEN a.far_for_good ELSE a.far END AS far) d
         WHERE d.far IS NULL OR d.far < mem0.farness(w.direction)";
    let caller = tx.caller();
    let (enterprise, author) = (caller.enterprise_id().uuid(), author.uuid());
    let rows =
        tx.query(GUESTS, &[&enterprise, &context.0, &class.as_str(), &author, &caller.request().at]).await?;
    rows.iter().map(|row| Ok(Guest { member: row.get("member"), direction: direction(row)? })).collect()
}

/// A memory whose audience exceeds what its class allows.
pub(crate) struct TooWide {
    pub(crate) class: Classification,
    pub(crate) home: ScopeId,
    /// The kind of scope that sees it.
    pub(crate) kind: ScopeKind,
    /// Whether that scope belongs to another organization.
    pub(crate) abroad: bool,
}

/// Finds one of these memories whose current audience exceeds what its class allows.
pub(crate) async fn too_wide(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<Option<TooWide>, StoreError> {
    const TOO_WIDE: &str = "-- memory.find_too_wide
        SELECT w.classification::text, w.home, w.kind, w.abroad FROM mem0.too_wide($1) w";
    if ids.is_empty() {
        return Ok(None);
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.query_opt(TOO_WIDE, &[&ids]).await?.as_ref().map(wide).transpose()
}

/// Returns whether the audience of a memory would exceed what another class allows.
pub(crate) async fn too_wide_as(
    tx: &TenantTx<'_>,
    id: MemoryId,
    class: Classification,
) -> Result<Option<TooWide>, StoreError> {
    const TOO_WIDE_AS: &str = "-- memory.find_too_wide_as
        SELECT w.classification::text, w.home, w.kind, w.abroad FROM mem0.too_wide_as($1, $2::text::classification) w";
    let row = tx.query_opt(TOO_WIDE_AS, &[&id.uuid(), &class.as_str()]).await?;
    row.as_ref().map(wide).transpose()
}

fn wide(row: &Row) -> Result<TooWide, StoreError> {
    let kind = row.get::<_, &str>("kind").parse();
    Ok(TooWide {
        class: classification(row, "memories")?,
        home: ScopeId(row.get("home")),
        kind: kind.map_err(|problem| StoreError::Corrupt { table: "scopes", column: "kind", problem })?,
        abroad: row.get("abroad"),
    })
}

/// A live share that needed no approval.
pub(crate) struct Unapproved {
    pub(crate) id: ShareId,
    /// The direction in which the memory goes with it, no matter who shared it.
    pub(crate) direction: Direction,
}

/// Lists the live shares that carry a memory somewhere without approval, oldest first: its own, those of the context in
/// which it lives, and pins for those with whom that context is shared. The approval of a context's share covers no
/// higher class than the context had, and nothing that goes further.
pub(crate) async fn unapproved(
    tx: &TenantTx<'_>,
    memory: &Memory,
    after: Classification,
) -> Result<Vec<Unapproved>, StoreError> {
    const UNAPPROVED: &str = "-- share.list_unapproved
        WITH live AS NOT MATERIALIZED (
            SELECT h.id, h.memory_id, h.context_id, h.grantee_scope_id, h.approval_id,
                   (SELECT mem0.farness(a.direction) FROM approvals a
                     WHERE a.enterprise_id = $1 AND a.id = h.approval_id
                       AND a.classification >= $6::text::classification) AS agreed
              FROM shares h
             WHERE h.enterprise_id = $1 AND h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $5)
        ), gone AS (
            SELECT h.id, h.grantee_scope_id, NULL::integer AS agreed
              FROM live h
             WHERE h.memory_id = $2 AND h.approval_id IS NULL
             UNION
            SELECT h.id, h.grantee_scope_id, h.agreed
              FROM sub_organizations n JOIN live h ON h.context_id = n.id
             WHERE n.enterprise_id = $1 AND n.scope_id = $3
             UNION
            SELECT pin.id, h.grantee_scope_id, h.agreed
              FROM live pin
              JOIN sub_organizations n ON n.enterprise_id = $1 AND n.scope_id = pin.grantee_scope_id
              JOIN live h ON h.context_id = n.id
             WHERE pin.memory_id = $2
        ), ways AS MATERIALIZED (
            SELECT w.grantee, w.direction
              FROM (SELECT array_agg($3::bigint) AS homes, array_agg($4::uuid) AS authors,
                           array_agg(g.grantee_scope_id) AS ids
                      FROM gone g) a
             CROSS JOIN LATERAL mem0.directions_of($1, a.homes, a.authors, a.ids) w
        )
        SELECT g.id, w.direction
          FROM gone g
          LEFT JOIN ways w ON w.grantee = g.grantee_scope_id
         WHERE g.agreed IS NULL OR g.agreed < mem0.farness(w.direction)
         ORDER BY g.id";
    let caller = tx.caller();
    let (enterprise, author) = (caller.enterprise_id().uuid(), memory.author.uuid());
    let rows = tx
        .query(
            UNAPPROVED,
            &[&enterprise, &memory.id.uuid(), &memory.home.0, &author, &caller.request().at, &after.as_str()],
        )
        .await?;
    rows.iter().map(|row| Ok(Unapproved { id: ShareId(row.get("id")), direction: direction(row)? })).collect()
}

fn direction(row: &Row) -> Result<Direction, StoreError> {
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "path", problem };
    // A scope that no longer exists is nobody's.
    row.get::<_, Option<&str>>("direction").map_or(Ok(Direction::Out), |text| text.parse().map_err(corrupt))
}
