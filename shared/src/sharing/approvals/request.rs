//! Requesting approval.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Approval, one};
use crate::access::{Role, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ScopeId, UserId};
use crate::sharing::NewShare;
use crate::sharing::approvals::Behind;
use crate::sharing::authority::Plan;
use crate::sharing::store::{approval_parts, approvals as store};
use crate::tenancy::policies::ApprovalRule;

/// Creates a request. Refused if nobody else could approve it at one of the nodes, or if the same request is pending
/// and the item has not changed since; a request that a change has made obsolete is withdrawn.
pub(in crate::sharing) async fn request(tx: &TenantTx<'_>, plan: &Plan, new: &NewShare) -> Result<Approval> {
    let now = tx.caller().request().at;
    let mut parts = Vec::with_capacity(plan.rules.len());
    for (node, rule) in &plan.rules {
        parts.push((*node, rule, escalation(tx, *node, rule, tx.caller().user_id()).await?));
    }
    let (node, rule, escalates_at) =
        *parts.first().ok_or_else(|| Error::internal("nobody has to approve this"))?;
    // As long as every node may still decide, and there would be something to decide.
    let hours = parts.iter().map(|(_, rule, _)| rule.expires_after_hours).min().unwrap_or_default();
    let last = now + TimeDelta::hours(hours.into());
    let expires_at = new.expires_at.map_or(last, |end| end.min(last));
    for (ended, memory) in store::expire_own(tx).await? {
        audit::record(tx, Entry::new("approval.expire", ended).memories(memory)).await?;
    }
    let contents = plan.held.contents(tx).await?;
    let outdated = store::withdraw_outdated(tx, plan, contents.as_deref()).await?;
    if let Some(pending) = store::pending(tx, plan).await? {
        return Err(Error::Conflict(format!("{pending} asks for this already, and is not decided yet")));
    }
    let id = ApprovalId::generate();
    let row = store::NewRow {
        id,
        plan,
        new,
        contents,
        node,
        approver_role: rule.approver_role,
        escalates_at,
        expires_at,
    };
    store::insert(tx, &row).await.map_err(|error| match error.violates("approvals_pending") {
        true => Error::Conflict("this was asked for at the same time, and is not decided yet".to_owned()),
        false => error.into(),
    })?;
    if parts.len() > 1 {
        for (node, rule, escalates_at) in &parts {
            approval_parts::insert(tx, id, *node, rule.approver_role, *escalates_at).await?;
        }
    }
    let details = json!({
        "of": plan.held.subject.label(), "with": plan.grantee.label, "permission": new.permission,
        "direction": plan.direction, "classification": plan.held.class, "approvals": parts.len(),
        "version": plan.held.version, "instead_of": outdated,
    });
    audit::record(
        tx,
        Entry::new("approval.request", id)
            .memories(plan.held.subject.memory())
            .within(plan.held.home)
            .with(details),
    )
    .await?;
    one(tx, id).await
}

/// Refuses what somebody could not request, because nobody else could approve it at one of the nodes.
pub(in crate::sharing) async fn can_be_approved(tx: &TenantTx<'_>, plan: &Plan, asker: UserId) -> Result<()> {
    for (node, rule) in &plan.rules {
        escalation(tx, *node, rule, asker).await?;
    }
    Ok(())
}

/// Returns when those above a node may decide as well.
async fn escalation(
    tx: &TenantTx<'_>,
    node: ScopeId,
    rule: &ApprovalRule,
    asker: UserId,
) -> Result<DateTime<Utc>> {
    let now = tx.caller().request().at;
    match store::deciders(tx, node, rule.approver_role, asker).await? {
        store::Deciders::Nobody => {
            let excluded = store::excluded(tx, node, rule.approver_role, asker).await?;
            let node = tx.caller().scope(node).map_or_else(|| "the node".to_owned(), |it| it.in_words());
            Err(Error::Conflict(nobody(rule.approver_role, &node, &excluded)))
        }
        store::Deciders::OnlyAbove => Ok(now),
        store::Deciders::There => Ok(now + TimeDelta::hours(rule.escalate_after_hours.into())),
    }
}

/// Says that nobody could approve, and who holds the role but does not decide about this requester.
/// How many of those who may not approve are named; one more is asked for.
const NAMED: usize = 3;

fn nobody(role: Role, node: &str, excluded: &[(String, Behind)]) -> String {
    let start = "this needs somebody else's approval, and nobody can give it:";
    let holds = format!("active person holds the role {role} on {node} or above it");
    if excluded.is_empty() {
        return format!("{start} no other {holds}");
    }
    let end = match excluded.len() {
        ..=NAMED => format!("and no further {holds}"),
        _ => "nor can the others who hold the role".to_owned(),
    };
    let each = excluded.iter().take(NAMED).map(|(name, behind)| match behind {
        Behind::APassword => format!("{name} cannot, because of a password reset between the two"),
        Behind::ItsKey => format!("{name} cannot, because they made a key of this account"),
    });
    format!("{start} {}, {end}", each.collect::<Vec<_>>().join(", "))
}
