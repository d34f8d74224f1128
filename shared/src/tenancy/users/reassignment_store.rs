//! The table `reassignments`, and handing over what they are about.

use tokio_postgres::Row;
use uuid::Uuid;

use super::reassign::sees_all;
use super::reassignment::{HeirView, Progress, Reassignment};
use crate::access::{Classification, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{MemoryId, NodeId, ReassignmentId, ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;

/// Hands some of a departed user's personal memories, of these classes, to another scope; returns which, and how many
/// are left.
pub(super) async fn hand_over(
    tree: &Locked<'_, '_>,
    user: UserId,
    heir: ScopeId,
    classes: &[Classification],
    most: i32,
) -> Result<(Vec<MemoryId>, i64), StoreError> {
    const HAND_OVER: &str = "-- account.hand_over_personal
        SELECT moved, kept FROM mem0.hand_over_personal_ids($1, $2, $3::text[]::classification[], $4)";
    let classes: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    let row = tree.query_one(HAND_OVER, &[&user.uuid(), &heir.0, &classes, &most]).await?;
    let moved: Vec<Uuid> = row.get("moved");
    Ok((moved.into_iter().map(MemoryId).collect(), row.get("kept")))
}

/// Returns how many personal memories a departed user has.
pub(super) async fn count_personal(tree: &Locked<'_, '_>, user: UserId) -> Result<i64, StoreError> {
    const COUNT: &str = "-- account.count_personal
        SELECT mem0.count_personal($1)";
    tree.query_one(COUNT, &[&user.uuid()]).await.map(|row| row.get(0))
}

/// Returns whether an active person other than the caller holds a role on a scope or below it.
pub(super) async fn has_others(tree: &Locked<'_, '_>, scope: ScopeId) -> Result<bool, StoreError> {
    const OTHERS: &str = "-- account.has_others
        SELECT EXISTS (SELECT FROM scopes s
                         JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = s.id AND h.user_id <> $3
                         JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
                                     AND u.kind = 'person'
                        WHERE s.enterprise_id = $1 AND s.kind <> 'user' AND $2 = ANY (s.path))";
    let caller = tree.caller();
    let (enterprise, own) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    Ok(tree.query_one(OTHERS, &[&enterprise, &scope.0, &own]).await?.get(0))
}

/// Makes the heir the owner of a departed user's contexts that have no other active owner; returns how many.
pub(super) async fn inherit_contexts(
    tree: &Locked<'_, '_>,
    user: UserId,
    heir: UserId,
) -> Result<i64, StoreError> {
    const INHERIT: &str = "-- context.inherit
        SELECT mem0.inherit_contexts($1, $2, $3, $4)";
    let caller = tree.caller();
    let by = caller.user_id().uuid();
    Ok(tree.query_one(INHERIT, &[&user.uuid(), &heir.uuid(), &by, &caller.request().at]).await?.get(0))
}

pub(super) async fn insert(tree: &Locked<'_, '_>, work: &Reassignment) -> Result<(), StoreError> {
    const INSERT: &str = "-- reassignment.insert
        INSERT INTO reassignments (enterprise_id, id, user_id, heir_scope_id, heir_user_id, status, total, memories, steps, kept,
                                   contexts, requested_by, requested_at, updated_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    tree.execute(
        INSERT,
        &[
            &tree.caller().enterprise_id().uuid(),
            &work.id.uuid(),
            &work.user_id.uuid(),
            &work.heir_scope.0,
            &work.heir_user().map(UserId::uuid),
            &work.status.as_str(),
            &work.total,
            &work.memories,
            &work.steps,
            &work.kept,
            &work.contexts,
            &work.requested_by.uuid(),
            &work.requested_at,
            &work.updated_at,
            &work.finished_at,
        ],
    )
    .await
    .map(drop)
}

/// Stores the progress.
pub(super) async fn update(tree: &Locked<'_, '_>, work: &Reassignment) -> Result<(), StoreError> {
    const UPDATE: &str = "-- reassignment.update
        UPDATE reassignments
           SET status = $3, memories = $4, steps = $5, kept = $6, contexts = $7, reason = $8, updated_at = $9,
               finished_at = $10
         WHERE enterprise_id = $1 AND id = $2";
    tree.execute(
        UPDATE,
        &[
            &tree.caller().enterprise_id().uuid(),
            &work.id.uuid(),
            &work.status.as_str(),
            &work.memories,
            &work.steps,
            &work.kept,
            &work.contexts,
            &work.reason,
            &work.updated_at,
            &work.finished_at,
        ],
    )
    .await
    .map(drop)
}

/// Returns a reassignment, whoever requested it, in a transaction that holds the tenant's lock.
pub(super) async fn hold(
    tree: &Locked<'_, '_>,
    id: ReassignmentId,
) -> Result<Option<Reassignment>, StoreError> {
    const LOOKUP: &str = "-- reassignment.lookup
        SELECT r.*, s.kind, n.id AS heir_node
          FROM reassignments r
          LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
         WHERE r.enterprise_id = $1 AND r.id = $2";
    let row = tree.query_opt(LOOKUP, &[&tree.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    row.as_ref().map(reassignment).transpose()
}

/// Returns the running reassignment of a departed user.
pub(super) async fn running(
    tree: &Locked<'_, '_>,
    leaver: UserId,
) -> Result<Option<Reassignment>, StoreError> {
    const RUNNING: &str = "-- reassignment.find_running
        SELECT r.*, s.kind, n.id AS heir_node
          FROM reassignments r
          LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
         WHERE r.enterprise_id = $1 AND r.user_id = $2 AND r.status = 'running'";
    let row = tree.query_opt(RUNNING, &[&tree.caller().enterprise_id().uuid(), &leaver.uuid()]).await?;
    row.as_ref().map(reassignment).transpose()
}

/// Returns the reassignments that the caller requested, if their credential is not restricted, or all of them; oldest
/// first.
pub(super) async fn list(
    tx: &TenantTx<'_>,
    id: Option<ReassignmentId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Reassignment>, StoreError> {
    const LIST: &str = "-- reassignment.list
        SELECT r.*, s.kind, n.id AS heir_node
          FROM reassignments r
          LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
         WHERE r.enterprise_id = $1 AND ($2 OR r.requested_by = $3)
           AND ($4::uuid IS NULL OR r.id = $4)
           AND ($5::timestamptz IS NULL OR (r.requested_at, r.id) > ($5, $6::uuid))
         ORDER BY r.requested_at, r.id
         LIMIT $7";
    let caller = tx.caller();
    let own = caller.within().is_none().then(|| caller.user_id().uuid());
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &sees_all(caller),
                &own,
                &id.map(ReassignmentId::uuid),
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
            ],
        )
        .await?;
    rows.iter().map(reassignment).collect()
}

fn reassignment(row: &Row) -> Result<Reassignment, StoreError> {
    let corrupt = |column, problem| StoreError::Corrupt { table: "reassignments", column, problem };
    let status: &str = row.get("status");
    let status = Progress::ALL.into_iter().find(|it| it.as_str() == status);
    Ok(Reassignment {
        id: ReassignmentId(row.get("id")),
        status: status.ok_or_else(|| corrupt("status", row.get("status")))?,
        user_id: UserId(row.get("user_id")),
        heir: heir(row)?,
        memories: row.get("memories"),
        total: row.get("total"),
        kept: row.get("kept"),
        contexts: row.get("contexts"),
        reason: row.get("reason"),
        requested_by: UserId(row.get("requested_by")),
        requested_at: row.get("requested_at"),
        updated_at: row.get("updated_at"),
        finished_at: row.get("finished_at"),
        steps: row.get("steps"),
        heir_scope: ScopeId(row.get("heir_scope_id")),
    })
}

/// Returns the heir, unless it no longer exists.
fn heir(row: &Row) -> Result<Option<HeirView>, StoreError> {
    if let Some(user) = row.get::<_, Option<_>>("heir_user_id") {
        return Ok(Some(HeirView::UserId(UserId(user))));
    }
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    let kind: Option<ScopeKind> =
        row.get::<_, Option<&str>>("kind").map(str::parse).transpose().map_err(corrupt)?;
    let node = row.get::<_, Option<_>>("heir_node").map(NodeId);
    Ok(kind
        .map(|kind| HeirView::Scope(node.map_or_else(|| kind.to_string(), |node| format!("{kind}:{node}")))))
}
