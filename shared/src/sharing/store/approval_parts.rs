//! Rows of `approval_parts`, and who may decide them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::approvals::about;
use crate::access::{AuthContext, Role, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{ApprovalId, ContextId, MemoryId, NodeId, ScopeId, ShareId, UserId};
use crate::memory;
use crate::sharing::approvals::{
    Approval, AskedMemory, Behind, Decision, Ground, Position, Recipient, Verdict,
};

/// Inserts one of the nodes that have to agree to a request.
pub(in crate::sharing) async fn insert(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    node: ScopeId,
    role: Role,
    escalates_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- approval_part.insert
        INSERT INTO approval_parts (enterprise_id, approval_id, node_scope_id, approver_role, escalates_at)
        VALUES ($1, $2, $3, $4::text::member_role, $5)";
    let enterprise = tx.caller().enterprise_id().uuid();
    tx.execute(INSERT, &[&enterprise, &id.uuid(), &node.0, &role.as_str(), &escalates_at]).await.map(drop)
}

/// Returns the nodes for which somebody may decide now, and why: by a role on the node itself, as a delegate of
/// somebody who holds one, or from above, after escalation or if nobody else holds the role there. Nodes outside the
/// reach of their credential are excluded. The requester may not decide, nor may their delegates or any service account.
pub(in crate::sharing) async fn positions(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    asked: &Approval,
) -> Result<Vec<Position>, StoreError> {
    const POSITIONS: &str = "-- approval.find_positions
        SELECT p.node_scope_id, p.open, p.rank, p.from_user_id, coalesce(u.display_name, u.email) AS in_place_of,
               NOT p.open AND p.from_user_id IS NOT NULL
               AND EXISTS (SELECT FROM mem0.approval_decisions d
                            WHERE d.enterprise_id = $1 AND d.approval_id = $4 AND d.node_scope_id = p.node_scope_id
                              AND d.decision IS NULL)
               AND mem0.gains_by_approval($1, $4, p.node_scope_id, $2, $3) AS gains
          FROM mem0.deciding_positions($1, $4, $2, $3) p
          JOIN scopes s ON s.enterprise_id = $1 AND s.id = p.node_scope_id
          LEFT JOIN users u ON u.enterprise_id = $1 AND u.id = p.from_user_id
         WHERE $5::bigint[] IS NULL OR s.path && $5";
    let rows = tx
        .query(
            POSITIONS,
            &[
                &tx.caller().enterprise_id().uuid(),
                &who.user_id().uuid(),
                &tx.caller().request().at,
                &asked.id.uuid(),
                &who.within(),
            ],
        )
        .await?;
    let position = |row: &tokio_postgres::Row| Position {
        node: ScopeId(row.get("node_scope_id")),
        open: row.get("open"),
        ground: match (row.get::<_, i32>("rank"), row.get::<_, Option<Uuid>>("from_user_id")) {
            (2, Some(from)) => Ground::For(UserId(from)),
            (3, Some(from)) => Ground::AboveFor(UserId(from)),
            (3, None) => Ground::Above,
            _ => Ground::There,
        },
        in_place_of: row.get("in_place_of"),
        gains: row.get("gains"),
    };
    Ok(rows.iter().map(position).collect())
}

/// Returns how this person is behind the account that made a request, if they are and it is not their own.
pub(crate) async fn behind(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    asked: &Approval,
) -> Result<Option<Behind>, StoreError> {
    const BEHIND: &str = "-- approval.is_behind
        SELECT u.kind = 'person' AS of_person FROM users u
         WHERE u.enterprise_id = $1 AND u.id = $3 AND u.id <> $2 AND $2 = ANY (mem0.behind($3))";
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_opt(BEHIND, &[&enterprise, &who.user_id().uuid(), &asked.requested_by.uuid()]).await?;
    Ok(row.map(|row| if row.get("of_person") { Behind::APassword } else { Behind::ItsKey }))
}

/// Returns the name and description of a context, whoever may see it.
pub(in crate::sharing) async fn context(
    tx: &TenantTx<'_>,
    id: ContextId,
) -> Result<Option<(String, String)>, StoreError> {
    const CONTEXT: &str = "-- approval.lookup_context
        SELECT n.name, coalesce(n.settings ->> 'description', '') AS description
          FROM sub_organizations n WHERE n.enterprise_id = $1 AND n.id = $2";
    let row = tx.query_opt(CONTEXT, &[&tx.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| (row.get("name"), row.get("description"))))
}

/// Lists the memories of a requested context that live below these nodes, newest first.
pub(in crate::sharing) async fn memories(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    nodes: &[ScopeId],
    most: i32,
) -> Result<Vec<AskedMemory>, StoreError> {
    const MEMORIES: &str = "-- approval.list_memories
        SELECT m.id, m.content, m.classification, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
          FROM mem0.approval_shows_of($1, $2, $3) m";
    let nodes: Vec<i64> = nodes.iter().map(|node| node.0).collect();
    let rows = tx.query(MEMORIES, &[&id.uuid(), &nodes, &most]).await?;
    let asked = |row: &tokio_postgres::Row| {
        let classification = memory::classification(row, "memories")?;
        let (id, memory, about) = (MemoryId(row.get("id")), row.get("content"), about(row)?);
        Ok(AskedMemory { id, memory, classification, about })
    };
    rows.iter().map(asked).collect()
}

/// Lists who sees a context, members first.
pub(in crate::sharing) async fn recipients(
    tx: &TenantTx<'_>,
    context: ScopeId,
    most: i32,
) -> Result<Vec<Recipient>, StoreError> {
    const RECIPIENTS: &str = "-- approval.list_recipients
        SELECT s.kind, u.id AS user_id, n.id AS node_id, coalesce(u.display_name, u.email, n.name) AS name, r.member
          FROM (SELECT c.scope_id AS id, bool_or(c.user_id IS NOT NULL) AS member
                  FROM mem0.sees_context($1, $2, $3) c
                 GROUP BY c.scope_id) r
          JOIN scopes s ON s.enterprise_id = $1 AND s.id = r.id
          LEFT JOIN users u ON u.enterprise_id = $1 AND u.scope_id = s.id
          LEFT JOIN sub_organizations n ON n.enterprise_id = $1 AND n.scope_id = s.id
         ORDER BY r.member DESC, name, s.id
         LIMIT $4";
    let caller = tx.caller();
    let (enterprise, at) = (caller.enterprise_id().uuid(), caller.request().at);
    let rows = tx.query(RECIPIENTS, &[&enterprise, &context.0, &at, &i64::from(most)]).await?;
    let recipient = |row: &tokio_postgres::Row| {
        let with = match row.get::<_, Option<Uuid>>("user_id") {
            Some(user) => format!("person:{}", UserId(user)),
            None => node_label(Some(row.get("kind")), row.get("node_id")),
        };
        Recipient { with, name: row.get("name"), member: row.get("member") }
    };
    Ok(rows.iter().map(recipient).collect())
}

/// The result of an approval.
pub(in crate::sharing) enum Agreed {
    /// It is shared: this was the last approval needed.
    Shared,
    /// Others have to agree as well.
    Waiting,
    /// Somebody else decided first.
    Decided,
    /// It is no longer open.
    Closed,
}

/// Approves for these nodes, and shares if no other approval is outstanding.
pub(in crate::sharing) async fn approve(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    nodes: &[ScopeId],
    share: ShareId,
    why: Option<&str>,
) -> Result<Agreed, StoreError> {
    const APPROVE: &str = "-- approval.approve
        SELECT mem0.approve_for($1, $2, $3, $4, $5)";
    let nodes: Vec<i64> = nodes.iter().map(|node| node.0).collect();
    let decider = tx.caller().user_id().uuid();
    let row = tx.query_one(APPROVE, &[&id.uuid(), &nodes, &share.uuid(), &decider, &why]).await?;
    Ok(match row.get::<_, &str>(0) {
        "approved" => Agreed::Shared,
        "waiting" => Agreed::Waiting,
        "decided" => Agreed::Decided,
        _ => Agreed::Closed,
    })
}

/// Records which of the nodes denied the request, once it is closed; returns how many.
pub(in crate::sharing) async fn deny(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    nodes: &[ScopeId],
    why: Option<&str>,
) -> Result<u64, StoreError> {
    const DENY: &str = "-- approval_part.deny
        UPDATE approval_parts SET decision = 'denied', decided_by = $4, decided_at = $5, decision_reason = $6
         WHERE enterprise_id = $1 AND approval_id = $2 AND node_scope_id = ANY ($3) AND decision IS NULL";
    let caller = tx.caller();
    let nodes: Vec<i64> = nodes.iter().map(|node| node.0).collect();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tx.execute(DENY, &[&enterprise, &id.uuid(), &nodes, &user, &caller.request().at, &why]).await
}

/// A node's decision as returned by statements about requests.
#[derive(Deserialize)]
struct Part {
    scope: i64,
    kind: Option<String>,
    node: Option<Uuid>,
    role: String,
    escalates_at: DateTime<Utc>,
    decision: Option<Verdict>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

/// Parses the `decisions` column of a row.
pub(super) fn decisions(parts: Value) -> Result<Vec<Decision>, StoreError> {
    let corrupt = |problem| StoreError::Corrupt { table: "approval_parts", column: "node_scope_id", problem };
    let parts: Vec<Part> = serde_json::from_value(parts).map_err(|error| corrupt(error.to_string()))?;
    parts
        .into_iter()
        .map(|part| {
            Ok(Decision {
                node: node_label(part.kind.as_deref(), part.node),
                approver_role: part.role.parse().map_err(corrupt)?,
                escalates_at: part.escalates_at,
                decision: part.decision,
                decided_by: part.decided_by.map(UserId),
                decided_by_name: None,
                node_name: None,
                decided_at: part.decided_at,
                reason: part.reason,
                node_scope: ScopeId(part.scope),
            })
        })
        .collect()
}

/// Returns a node as requests name it.
pub(super) fn node_label(kind: Option<&str>, node: Option<Uuid>) -> String {
    match (kind, node) {
        (Some(kind), Some(node)) => format!("{kind}:{}", NodeId(node)),
        (Some(kind), None) => kind.to_owned(),
        (None, _) => "a node that was deleted".to_owned(),
    }
}

/// Returns the scopes whose requests somebody administers.
pub(super) fn administered(who: &AuthContext) -> Vec<i64> {
    let scopes = who.scopes().iter();
    let of_role = scopes.filter(|it| it.kind != ScopeKind::User && it.role >= Some(Role::Admin));
    of_role.map(|scope| scope.id.0).collect()
}
