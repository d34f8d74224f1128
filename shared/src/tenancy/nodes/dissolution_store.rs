//! The table `dissolutions`.

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::dissolution::{Dissolution, Members, Status};
pub(super) use super::store::hold as hold_scope;
use crate::access::{Role, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{DissolutionId, NodeId, ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::{Place, PlaceId};

pub(super) async fn insert(tree: &Locked<'_, '_>, work: &Dissolution) -> Result<(), StoreError> {
    const INSERT: &str = "-- dissolution.insert
        INSERT INTO dissolutions (enterprise_id, id, node_id, node_scope_id, node_kind, node_name, heir_scope_id, members,
                                  status, total, memories, steps, estate, requested_by, requested_at, updated_at,
                                  finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    tree.execute(
        INSERT,
        &[
            &tree.caller().enterprise_id().uuid(),
            &work.id.uuid(),
            &work.node.uuid(),
            &work.node_scope.0,
            &work.kind.as_str(),
            &work.name,
            &work.heir_scope.0,
            &work.members.as_str(),
            &stored(work.status),
            &work.total,
            &work.memories,
            &work.steps,
            &work.estate.as_ref().map(Json),
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
pub(super) async fn update(tree: &Locked<'_, '_>, work: &Dissolution) -> Result<(), StoreError> {
    const UPDATE: &str = "-- dissolution.update
        UPDATE dissolutions
           SET status = $3, memories = $4, steps = $5, estate = $6, reason = $7, updated_at = $8, finished_at = $9,
               cancelled_by = $10
         WHERE enterprise_id = $1 AND id = $2";
    tree.execute(
        UPDATE,
        &[
            &tree.caller().enterprise_id().uuid(),
            &work.id.uuid(),
            &stored(work.status),
            &work.memories,
            &work.steps,
            &work.estate.as_ref().map(Json),
            &work.reason,
            &work.updated_at,
            &work.finished_at,
            &work.cancelled_by.map(UserId::uuid),
        ],
    )
    .await
    .map(drop)
}

/// Returns a dissolution, whoever requested it, in a transaction that holds the tenant's lock.
pub(super) async fn hold(
    tree: &Locked<'_, '_>,
    id: DissolutionId,
) -> Result<Option<Dissolution>, StoreError> {
    const LOOKUP: &str = "-- dissolution.lookup
        SELECT d.*, s.kind, n.id AS heir_node, n.name
          FROM dissolutions d
          LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
         WHERE d.enterprise_id = $1 AND d.id = $2";
    let row = tree.query_opt(LOOKUP, &[&tree.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    row.as_ref().map(dissolution).transpose()
}

/// Returns the running dissolution of a node.
pub(super) async fn running(tree: &Locked<'_, '_>, node: ScopeId) -> Result<Option<Dissolution>, StoreError> {
    const RUNNING: &str = "-- dissolution.find_running
        SELECT d.*, s.kind, n.id AS heir_node, n.name
          FROM dissolutions d
          LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
         WHERE d.enterprise_id = $1 AND d.node_scope_id = $2 AND d.status = 'running'";
    let row = tree.query_opt(RUNNING, &[&tree.caller().enterprise_id().uuid(), &node.0]).await?;
    row.as_ref().map(dissolution).transpose()
}

/// Returns the dissolutions that the caller requested, or whose heir or node they administer, oldest first. With a
/// restricted key, only those whose heir or node it reaches.
pub(super) async fn list(
    tx: &TenantTx<'_>,
    id: Option<DissolutionId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Dissolution>, StoreError> {
    const LIST: &str = "-- dissolution.list
        SELECT d.*, s.kind, n.id AS heir_node, n.name
          FROM dissolutions d
          LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
         WHERE d.enterprise_id = $1 AND ((d.requested_by = $2 AND NOT $8) OR d.heir_scope_id = ANY ($3) OR d.node_scope_id = ANY ($3))
           AND ($4::uuid IS NULL OR d.id = $4)
           AND ($5::timestamptz IS NULL OR (d.requested_at, d.id) > ($5, $6::uuid))
         ORDER BY d.requested_at, d.id
         LIMIT $7";
    let caller = tx.caller();
    let administered =
        caller.scopes().iter().filter(|it| it.kind != ScopeKind::User && it.role >= Some(Role::Admin));
    let administered: Vec<i64> = administered.map(|scope| scope.id.0).collect();
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &caller.user_id().uuid(),
                &administered,
                &id.map(DissolutionId::uuid),
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
                &caller.within().is_some(),
            ],
        )
        .await?;
    rows.iter().map(dissolution).collect()
}

/// The status as the row stores it: earlier code does not know about cancelling.
fn stored(status: Status) -> &'static str {
    match status {
        Status::Cancelled => Status::Failed.as_str(),
        status => status.as_str(),
    }
}

fn dissolution(row: &Row) -> Result<Dissolution, StoreError> {
    let corrupt = |column, problem| StoreError::Corrupt { table: "dissolutions", column, problem };
    let text = |column: &'static str| row.get::<_, &str>(column);
    let estate = row.get::<_, Option<Value>>("estate").map(serde_json::from_value).transpose();
    let members = [Members::Move, Members::MoveAsViewers, Members::Leave];
    let statuses = [Status::Running, Status::Done, Status::Failed];
    let cancelled_by = row.get::<_, Option<_>>("cancelled_by").map(UserId);
    let unknown = |column: &'static str| corrupt(column, text(column).to_owned());
    Ok(Dissolution {
        id: DissolutionId(row.get("id")),
        status: match cancelled_by {
            Some(_) => Status::Cancelled,
            None => {
                let status = statuses.into_iter().find(|it| it.as_str() == text("status"));
                status.ok_or_else(|| unknown("status"))?
            }
        },
        node: NodeId(row.get("node_id")),
        kind: text("node_kind").parse().map_err(|problem| corrupt("node_kind", problem))?,
        name: row.get("node_name"),
        heir: heir(row)?,
        members: members
            .into_iter()
            .find(|it| it.as_str() == text("members"))
            .ok_or_else(|| unknown("members"))?,
        memories: row.get("memories"),
        total: row.get("total"),
        estate: estate.map_err(|error| corrupt("estate", error.to_string()))?,
        reason: row.get("reason"),
        cancelled_by,
        requested_by: UserId(row.get("requested_by")),
        requested_at: row.get("requested_at"),
        updated_at: row.get("updated_at"),
        finished_at: row.get("finished_at"),
        steps: row.get("steps"),
        node_scope: ScopeId(row.get("node_scope_id")),
        heir_scope: ScopeId(row.get("heir_scope_id")),
    })
}

/// Returns the heir, unless it no longer exists.
fn heir(row: &Row) -> Result<Option<Place>, StoreError> {
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    let kind: Option<ScopeKind> =
        row.get::<_, Option<&str>>("kind").map(str::parse).transpose().map_err(corrupt)?;
    let id = row.get::<_, Option<_>>("heir_node").map(NodeId);
    Ok(kind.map(|kind| {
        let id = id.map(|id| PlaceId::of(kind, id));
        let scope = id.map_or_else(|| kind.to_string(), |id| format!("{kind}:{id}"));
        Place { scope, kind, id, name: row.get("name") }
    }))
}
