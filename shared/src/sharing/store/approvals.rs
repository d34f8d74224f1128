//! Rows of `approvals`, and who decides about them.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::approval_parts::{self, administered, decisions, node_label};
use crate::access::{AuthContext, Classification, Role, TenantTx};
use crate::db::StoreError;
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory;
use crate::sharing::NewShare;
use crate::sharing::approvals::{About, Approval, Behind, Status};
use crate::sharing::authority::Plan;

/// A request to store.
pub(in crate::sharing) struct NewRow<'a> {
    pub(in crate::sharing) id: ApprovalId,
    pub(in crate::sharing) plan: &'a Plan,
    pub(in crate::sharing) new: &'a NewShare,
    /// A digest of the contents, for a context.
    pub(in crate::sharing) contents: Option<Vec<u8>>,
    pub(in crate::sharing) node: ScopeId,
    pub(in crate::sharing) approver_role: Role,
    pub(in crate::sharing) escalates_at: DateTime<Utc>,
    pub(in crate::sharing) expires_at: DateTime<Utc>,
}

/// Who besides the requester could decide for a node.
pub(in crate::sharing) enum Deciders {
    /// Somebody who holds the role on the node itself.
    There,
    /// Only somebody above it.
    OnlyAbove,
    /// Nobody.
    Nobody,
}

pub(in crate::sharing) async fn deciders(
    tx: &TenantTx<'_>,
    node: ScopeId,
    role: Role,
    asker: UserId,
) -> Result<Deciders, StoreError> {
    const DECIDERS: &str = "-- approval.find_deciders
        SELECT bool_or(h.scope_id = $2) AS there
          FROM scopes s
          JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = ANY (s.path)
          JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
                      AND u.kind = 'person'
         WHERE s.enterprise_id = $1 AND s.id = $2 AND h.role >= $3::text::member_role
           AND h.user_id <> ALL (mem0.behind($4))";
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_one(DECIDERS, &[&enterprise, &node.0, &role.as_str(), &asker.uuid()]).await?;
    Ok(match row.get::<_, Option<bool>>("there") {
        Some(true) => Deciders::There,
        Some(false) => Deciders::OnlyAbove,
        None => Deciders::Nobody,
    })
}

/// Returns the names of those who hold the role on a node or above it, but do not decide about this requester, with the
/// reason: at most four.
pub(in crate::sharing) async fn excluded(
    tx: &TenantTx<'_>,
    node: ScopeId,
    role: Role,
    asker: UserId,
) -> Result<Vec<(String, Behind)>, StoreError> {
    const EXCLUDED: &str = "-- approval.find_excluded
        SELECT DISTINCT coalesce(nullif(u.display_name, ''), u.email) AS name, u.id, a.kind = 'person' AS of_person
          FROM scopes s
          JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = ANY (s.path)
          JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
                      AND u.kind = 'person'
          JOIN users a ON a.enterprise_id = s.enterprise_id AND a.id = $4
         WHERE s.enterprise_id = $1 AND s.id = $2 AND h.role >= $3::text::member_role
           AND u.id <> $4 AND u.id = ANY (mem0.behind($4))
         ORDER BY name, u.id
         LIMIT 4";
    let enterprise = tx.caller().enterprise_id().uuid();
    let rows = tx.query(EXCLUDED, &[&enterprise, &node.0, &role.as_str(), &asker.uuid()]).await?;
    let reason = |row: &Row| if row.get("of_person") { Behind::APassword } else { Behind::ItsKey };
    Ok(rows.iter().map(|row| (row.get("name"), reason(row))).collect())
}

/// Closes the caller's expired requests, so that they can be made anew. Returns them with the memories they were about.
pub(in crate::sharing) async fn expire_own(
    tx: &TenantTx<'_>,
) -> Result<Vec<(ApprovalId, Option<MemoryId>)>, StoreError> {
    const EXPIRE: &str = "-- approval.expire_own
        UPDATE approvals SET status = 'expired', decided_at = expires_at
         WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending' AND expires_at <= $3
        RETURNING id, memory_id";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let rows = tx.query(EXPIRE, &[&enterprise, &user, &caller.request().at]).await?;
    let ended = |row: &Row| (ApprovalId(row.get("id")), row.get::<_, Option<_>>("memory_id").map(MemoryId));
    Ok(rows.iter().map(ended).collect())
}

/// Withdraws the caller's pending request to share the same item with the same grantee, if the item has changed since,
/// and returns its id.
pub(in crate::sharing) async fn withdraw_outdated(
    tx: &TenantTx<'_>,
    plan: &Plan,
    contents: Option<&[u8]>,
) -> Result<Option<ApprovalId>, StoreError> {
    const WITHDRAW: &str = "-- approval.withdraw_outdated
        UPDATE approvals
           SET status = 'withdrawn', decided_by = $2, decided_at = $3,
               decision_reason = 'it changed since, and is asked for anew'
         WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending'
           AND coalesce(memory_id, context_id) = $4 AND grantee_scope_id = $5
           AND (memory_version <> $6 OR contents <> $8
                OR CASE WHEN memory_id IS NULL THEN classification < $7::text::classification
                                             ELSE classification <> $7::text::classification END)
        RETURNING id";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (held, grantee) = (&plan.held, plan.grantee.scope.0);
    let subject = held.subject.uuid();
    let row = tx
        .query_opt(
            WITHDRAW,
            &[
                &enterprise,
                &user,
                &caller.request().at,
                &subject,
                &grantee,
                &held.version,
                &held.class.as_str(),
                &contents,
            ],
        )
        .await?;
    Ok(row.map(|row| ApprovalId(row.get(0))))
}

/// Returns the caller's pending request to share an item with a grantee.
pub(in crate::sharing) async fn pending(
    tx: &TenantTx<'_>,
    plan: &Plan,
) -> Result<Option<ApprovalId>, StoreError> {
    const PENDING: &str = "-- approval.find_pending
        SELECT id FROM approvals
         WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending'
           AND coalesce(memory_id, context_id) = $3 AND grantee_scope_id = $4";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (subject, grantee) = (plan.held.subject.uuid(), plan.grantee.scope.0);
    let row = tx.query_opt(PENDING, &[&enterprise, &user, &subject, &grantee]).await?;
    Ok(row.map(|row| ApprovalId(row.get(0))))
}

pub(in crate::sharing) async fn insert(tx: &TenantTx<'_>, new: &NewRow<'_>) -> Result<(), StoreError> {
    const INSERT: &str = "-- approval.insert
        INSERT INTO approvals (enterprise_id, id, memory_id, context_id, home_scope_id, node_scope_id, approver_role,
                               grantee_scope_id, grantee, permission, may_reshare, share_expires_at, via_share_id,
                               direction, classification, reason, requested_by, requested_at, escalates_at, expires_at,
                               memory_version, contents)
        VALUES ($1, $2, $3, $4, $5, $6, $7::text::member_role, $8, $9, $10::text::share_permission, $11, $12, $13, $14,
                $15::text::classification, $16, $17, $18, $19, $20, $21, $22)";
    let caller = tx.caller();
    let (held, grantee) = (&new.plan.held, &new.plan.grantee);
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &new.id.uuid(),
            &held.subject.memory().map(MemoryId::uuid),
            &held.subject.context().map(ContextId::uuid),
            &held.home.0,
            &new.node.0,
            &new.approver_role.as_str(),
            &grantee.scope.0,
            &grantee.label,
            &new.new.permission.as_str(),
            &new.new.may_reshare,
            &new.new.expires_at,
            &new.plan.authority.via.map(ShareId::uuid),
            &new.plan.direction.as_str(),
            &held.class.as_str(),
            &new.new.reason,
            &caller.user_id().uuid(),
            &caller.request().at,
            &new.escalates_at,
            &new.expires_at,
            &held.version,
            &new.contents,
        ],
    )
    .await
    .map(drop)
}

/// Returns one request, whomever it concerns, if what it is about is within the reach of the credential.
pub(in crate::sharing) async fn lookup(
    tx: &TenantTx<'_>,
    id: ApprovalId,
) -> Result<Option<Approval>, StoreError> {
    const LOOKUP: &str = "-- approval.lookup
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
          FROM approvals a
          LEFT JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = a.node_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = a.enterprise_id AND n.scope_id = a.node_scope_id
         WHERE a.enterprise_id = $1 AND a.id = $2 AND a.classification <= mem0.ceiling()
           AND ($4::bigint[] IS NULL
                OR EXISTS (SELECT FROM scopes r
                            WHERE r.enterprise_id = $1 AND r.path && $4
                              AND r.id IN (SELECT a.home_scope_id UNION ALL
                                           SELECT d.node_scope_id FROM mem0.approval_decisions d
                                            WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))";
    let caller = tx.caller();
    let (enterprise, within) = (caller.enterprise_id().uuid(), caller.within());
    let row = tx.query_opt(LOOKUP, &[&enterprise, &id.uuid(), &caller.request().at, &within]).await?;
    row.as_ref().map(approval).transpose()
}

/// Returns whether the request concerns somebody at all.
pub(in crate::sharing) async fn may_see(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    asked: &Approval,
) -> Result<bool, StoreError> {
    let administered = administered(who);
    let concerned = asked.requested_by == who.user_id()
        || administered.contains(&asked.home.0)
        || asked.decisions.iter().any(|part| administered.contains(&part.node_scope.0));
    Ok(concerned || !approval_parts::positions(tx, who, asked).await?.is_empty())
}

/// Returns what the requested memory shows, if it still exists: its text and the rest.
pub(in crate::sharing) async fn shown(
    tx: &TenantTx<'_>,
    id: ApprovalId,
) -> Result<Option<(String, About)>, StoreError> {
    const SHOWN: &str = "-- approval.lookup_shown
        SELECT m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
          FROM mem0.approval_shows($1) m";
    let row = tx.query_opt(SHOWN, &[&id.uuid()]).await?;
    row.map(|row| Ok((row.get("content"), about(&row)?))).transpose()
}

/// Reads what a memory shows besides its text.
pub(super) fn about(row: &Row) -> Result<About, StoreError> {
    Ok(About {
        metadata: memory::metadata(row.get("metadata"), "memories")?,
        categories: row.get("categories"),
        user_id: row.get("user_id"),
        agent_id: row.get("agent_id"),
        app_id: row.get("app_id"),
        run_id: row.get("run_id"),
    })
}

/// The requested memory as it is now.
pub(in crate::sharing) struct Subject {
    pub(in crate::sharing) author: UserId,
    pub(in crate::sharing) home: ScopeId,
    pub(in crate::sharing) class: Classification,
    pub(in crate::sharing) version: i32,
}

/// Locks the requested memory until the transaction ends, if it still exists.
pub(in crate::sharing) async fn hold(
    tx: &TenantTx<'_>,
    id: ApprovalId,
) -> Result<Option<Subject>, StoreError> {
    const HOLD: &str = "-- approval.hold_subject
        SELECT m.author_id, m.home_scope_id, m.classification, m.version FROM mem0.hold_approval_subject($1) m";
    tx.query_opt(HOLD, &[&id.uuid()]).await?.as_ref().map(subject).transpose()
}

/// Reads it without a lock.
pub(in crate::sharing) async fn look(
    tx: &TenantTx<'_>,
    id: ApprovalId,
) -> Result<Option<Subject>, StoreError> {
    const LOOK: &str = "-- approval.look_at_subject
        SELECT m.author_id, m.home_scope_id, m.classification, m.version FROM mem0.asked_memory($1) m";
    tx.query_opt(LOOK, &[&id.uuid()]).await?.as_ref().map(subject).transpose()
}

fn subject(row: &Row) -> Result<Subject, StoreError> {
    Ok(Subject {
        author: UserId(row.get("author_id")),
        home: ScopeId(row.get("home_scope_id")),
        class: memory::classification(row, "memories")?,
        version: row.get("version"),
    })
}

/// Records the share through which the requester could share it now.
pub(in crate::sharing) async fn follow(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    via: Option<ShareId>,
) -> Result<(), StoreError> {
    const FOLLOW: &str = "-- approval.follow_authority
        UPDATE approvals SET via_share_id = $3
         WHERE enterprise_id = $1 AND id = $2 AND status = 'pending' AND via_share_id IS DISTINCT FROM $3";
    let enterprise = tx.caller().enterprise_id().uuid();
    tx.execute(FOLLOW, &[&enterprise, &id.uuid(), &via.map(ShareId::uuid)]).await.map(drop)
}

/// Closes a request without sharing; returns false if it was no longer open.
pub(in crate::sharing) async fn close(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    status: Status,
    why: Option<&str>,
) -> Result<bool, StoreError> {
    const CLOSE: &str = "-- approval.close
        UPDATE approvals SET status = $3, decided_by = $4, decided_at = $5, decision_reason = $6
         WHERE enterprise_id = $1 AND id = $2 AND status = 'pending' AND expires_at > $5";
    let caller = tx.caller();
    let enterprise = caller.enterprise_id().uuid();
    let (user, now) = (caller.user_id().uuid(), caller.request().at);
    let closed = tx.execute(CLOSE, &[&enterprise, &id.uuid(), &status.as_str(), &user, &now, &why]).await?;
    Ok(closed > 0)
}

pub(super) fn approval(row: &Row) -> Result<Approval, StoreError> {
    let corrupt = |column, problem| StoreError::Corrupt { table: "approvals", column, problem };
    let node = node_label(row.get("node_kind"), row.get("node_id"));
    let direction =
        crate::sharing::Direction::ALL.into_iter().find(|it| it.as_str() == row.get::<_, &str>("direction"));
    let text = |column: &'static str| row.get::<_, &str>(column);
    Ok(Approval {
        id: ApprovalId(row.get("id")),
        status: text("state").parse().map_err(|problem| corrupt("status", problem))?,
        memory_id: row.get::<_, Option<_>>("memory_id").map(MemoryId),
        context_id: row.get::<_, Option<_>>("context_id").map(ContextId),
        with: row.get("grantee"),
        with_name: None,
        permission: text("allowed").parse().map_err(|problem| corrupt("permission", problem))?,
        may_reshare: row.get("may_reshare"),
        share_expires_at: row.get("share_expires_at"),
        direction: direction.ok_or_else(|| corrupt("direction", text("direction").to_owned()))?,
        classification: text("class").parse().map_err(|problem| corrupt("classification", problem))?,
        reason: row.get("reason"),
        requested_by: UserId(row.get("requested_by")),
        requested_by_name: None,
        requested_at: row.get("requested_at"),
        node,
        node_name: None,
        approver_role: text("role").parse().map_err(|problem| corrupt("approver_role", problem))?,
        escalates_at: row.get("escalates_at"),
        expires_at: row.get("expires_at"),
        decisions: decisions(row.get("decisions"))?,
        decided_by: row.get::<_, Option<_>>("decided_by").map(UserId),
        decided_by_name: None,
        decided_at: row.get("decided_at"),
        decision_reason: row.get("decision_reason"),
        share_id: row.get::<_, Option<_>>("share_id").map(ShareId),
        node_scope: ScopeId(row.get("node_scope_id")),
        grantee: ScopeId(row.get("grantee_scope_id")),
        home: ScopeId(row.get("home_scope_id")),
        memory_version: row.get("memory_version"),
        contents: row.get("contents"),
    })
}
