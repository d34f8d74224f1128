//! Lists of requests that concern somebody, found without reading those that do not.

use super::approval_parts::administered;
use super::approvals::approval;
use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{MemoryId, UserId};
use crate::page::Cursor;
use crate::sharing::approvals::{Approval, Filter, Status};

/// The conditions on each request `a`, whomever it concerns. `$2` is the caller, `$3` the time, `$12` the scopes to
/// which their credential is narrowed. A request whose maker is deactivated cannot be approved, and waits for nobody.
const MEANT: &str = "a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
    AND ($5::text IS NULL
         OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
    AND ($6::uuid IS NULL OR a.memory_id = $6)
    AND ($7::uuid IS NULL OR a.requested_by = $7)
    AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
    AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
    AND ($12::bigint[] IS NULL
         OR EXISTS (SELECT FROM scopes r
                     WHERE r.enterprise_id = $1 AND r.path && $12
                       AND r.id IN (SELECT a.home_scope_id UNION ALL
                                    SELECT d.node_scope_id FROM mem0.approval_decisions d
                                     WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
    AND (NOT $8::boolean
         OR (a.status = 'pending' AND a.expires_at > $3
             AND EXISTS (SELECT FROM users asking
                          WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
             AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                           JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                          WHERE p.open AND ($12 IS NULL OR ds.path && $12))))";

/// Whether the caller may decide about request `a`, or could have.
const DECIDES: &str = "EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                                JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                               WHERE $12::bigint[] IS NULL OR ds.path && $12)";

/// One page of each kind.
const PAGE: &str = "ORDER BY a.requested_at, a.id LIMIT $11";

/// Lists requests that concern the caller, oldest first: their own, those that they may decide, and those of nodes that
/// they administer. Each kind is read through its own index, only as far as the page needs, so requests that concern
/// only others cost nothing, however many there are.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    filter: &Filter,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Approval>, StoreError> {
    let sql = format!(
        "-- approval.list
        WITH answering AS MATERIALIZED (
            SELECT n.id, n.id = ANY ($4::bigint[]) AS administers, n.role::member_role AS role
              FROM unnest($13::bigint[], $14::text[]) n (id, role)
        ), standing_in AS MATERIALIZED (
            SELECT DISTINCT s.id FROM approval_delegates d
              JOIN scopes s ON s.enterprise_id = $1 AND s.kind <> 'user' AND s.path && ARRAY[d.scope_id]
             WHERE d.enterprise_id = $1 AND d.to_user_id = $2 AND d.revoked_at IS NULL AND d.starts_at <= $3 AND d.ends_at > $3
        ), concerned AS (
            (SELECT a.id FROM approvals a WHERE {MEANT} AND a.requested_by = $2 {PAGE})
            UNION
            SELECT a.id FROM unnest($4::bigint[]) n (id) CROSS JOIN LATERAL (
                   SELECT a.id FROM approvals a WHERE {MEANT} AND a.home_scope_id = n.id {PAGE}) a
            UNION
            SELECT a.id FROM answering n CROSS JOIN LATERAL (
                   SELECT a.id FROM approvals a
                    WHERE {MEANT} AND a.node_scope_id = n.id
                      AND (n.administers OR (a.approver_role <= n.role AND {DECIDES})) {PAGE}) a
            UNION
            SELECT a.id FROM answering n CROSS JOIN LATERAL (
                   SELECT a.id FROM approval_parts t JOIN approvals a ON a.enterprise_id = $1 AND a.id = t.approval_id
                    WHERE t.enterprise_id = $1 AND t.node_scope_id = n.id AND {MEANT}
                      AND (n.administers OR (t.approver_role <= n.role AND {DECIDES})) {PAGE}) a
            UNION
            SELECT a.id FROM standing_in n CROSS JOIN LATERAL (
                   SELECT a.id FROM approvals a WHERE {MEANT} AND a.node_scope_id = n.id AND {DECIDES} {PAGE}) a
            UNION
            SELECT a.id FROM standing_in n CROSS JOIN LATERAL (
                   SELECT a.id FROM approval_parts t JOIN approvals a ON a.enterprise_id = $1 AND a.id = t.approval_id
                    WHERE t.enterprise_id = $1 AND t.node_scope_id = n.id AND {MEANT} AND {DECIDES} {PAGE}) a
        )
        SELECT a.*, a.approver_role::text AS role, a.permission::text AS allowed, a.classification::text AS class,
               CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END AS state,
               s.kind AS node_kind, n.id AS node_id,
               (SELECT coalesce(jsonb_agg(jsonb_build_object(
                           'scope', d.node_scope_id, 'kind', ds.kind, 'node', dn.id, 'role', d.approver_role,
                           'escalates_at', d.escalates_at, 'decision', d.decision, 'decided_by', d.decided_by,
                           'decided_at', d.decided_at, 'reason', d.decision_reason)
                           ORDER BY cardinality(ds.path), d.node_scope_id), '[]')
                  FROM mem0.approval_decisions d
                  LEFT JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = d.node_scope_id
                  LEFT JOIN sub_organizations dn ON dn.enterprise_id = $1 AND dn.scope_id = d.node_scope_id
                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id) AS decisions
          FROM concerned c
          JOIN approvals a ON a.enterprise_id = $1 AND a.id = c.id
          LEFT JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = a.node_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = a.enterprise_id AND n.scope_id = a.node_scope_id
         ORDER BY a.requested_at, a.id
         LIMIT $11"
    );
    let caller = tx.caller();
    let held = caller.scopes().iter().filter_map(|scope| Some((scope.id.0, scope.role?.as_str())));
    let (nodes, roles): (Vec<i64>, Vec<&str>) = held.unzip();
    let rows = tx
        .query(
            &sql,
            &[
                &caller.enterprise_id().uuid(),
                &caller.user_id().uuid(),
                &caller.request().at,
                &administered(caller),
                &filter.status.map(Status::as_str),
                &filter.memory_id.map(MemoryId::uuid),
                &filter.requested_by.map(UserId::uuid),
                &filter.to_decide,
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
                &caller.within(),
                &nodes,
                &roles,
                &filter.from,
                &filter.to,
            ],
        )
        .await?;
    rows.iter().map(approval).collect()
}
