//! Deciding, and no longer wanting.

use serde_json::json;

use super::{Approval, NOT_FOUND, Status, one};
use crate::access::{ApiKeyVerb, AuthContext, Classification, Simulation, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ScopeId, ShareId};
use crate::sharing::Subject;
use crate::sharing::authority::Held;
use crate::sharing::reach::{Reach, rules_of};
use crate::sharing::store::approval_parts::{self as parts, Agreed};
use crate::sharing::store::{approvals as store, grantees};
use crate::sharing::types::check_reason;

/// Agrees, for every node whose decision is the caller's to make, and shares it in the same transaction if nobody else has to
/// agree.
pub async fn approve(
    ctx: &AuthContext,
    db: &Database,
    id: ApprovalId,
    why: Option<&str>,
) -> Result<Approval> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.approve").await?;
    let (asked, nodes) = decidable(&tx, id).await?;
    still_allowed(&tx, &asked).await?;
    let share = ShareId::generate();
    let share = match parts::approve(&tx, id, &nodes, share, why).await? {
        Agreed::Shared => Some(share),
        Agreed::Waiting => None,
        Agreed::Decided => return Err(Error::Conflict(DECIDED.to_owned())),
        Agreed::Closed => return Err(closed(one(&tx, id).await?.status)),
    };
    let details = json!({
        "share": share, "with": asked.with, "requested_by": asked.requested_by, "for": named(&asked, &nodes),
    });
    audit::record(
        &tx,
        Entry::new("approval.approve", id).memories(asked.memory_id).within(asked.home).with(details),
    )
    .await?;
    let approval = one(&tx, id).await?;
    tx.commit().await?;
    Ok(approval)
}

/// Does not agree, which ends it, whoever else did.
pub async fn deny(ctx: &AuthContext, db: &Database, id: ApprovalId, why: Option<&str>) -> Result<Approval> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.deny").await?;
    let (asked, nodes) = decidable(&tx, id).await?;
    close(tx, &asked, &nodes, Status::Denied, why, "approval.deny").await
}

/// Takes one's own request back.
pub async fn withdraw(ctx: &AuthContext, db: &Database, id: ApprovalId) -> Result<Approval> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "approval.withdraw").await?;
    let asked = store::lookup(&tx, id).await?.ok_or(NOT_FOUND)?;
    if asked.requested_by != ctx.user_id() {
        return Err(match store::may_see(&tx, ctx, &asked).await? {
            true => Error::Forbidden("only who asked can withdraw a request".to_owned()),
            false => NOT_FOUND,
        });
    }
    if asked.status != Status::Pending {
        return Err(closed(asked.status));
    }
    close(tx, &asked, &[], Status::Withdrawn, None, "approval.withdraw").await
}

async fn close(
    tx: TenantTx<'_>,
    asked: &Approval,
    nodes: &[ScopeId],
    status: Status,
    why: Option<&str>,
    action: &'static str,
) -> Result<Approval> {
    if !store::close(&tx, asked.id, status, why).await? {
        return Err(closed(one(&tx, asked.id).await?.status));
    }
    let denied = parts::deny(&tx, asked.id, nodes, why).await?;
    if status == Status::Denied && denied == 0 && asked.decisions.len() > 1 {
        return Err(Error::Conflict(DECIDED.to_owned()));
    }
    let details =
        json!({ "with": asked.with, "requested_by": asked.requested_by, "for": named(asked, nodes) });
    audit::record(
        &tx,
        Entry::new(action, asked.id).memories(asked.memory_id).within(asked.home).with(details),
    )
    .await?;
    let approval = one(&tx, asked.id).await?;
    tx.commit().await?;
    Ok(approval)
}

/// What whoever is too late is told.
const DECIDED: &str = "this is decided for your node already, and waits for others";

/// A request that the caller may decide now, and for which of the nodes that have to agree.
async fn decidable(tx: &TenantTx<'_>, id: ApprovalId) -> Result<(Approval, Vec<ScopeId>)> {
    let asked = store::lookup(tx, id).await?.ok_or(NOT_FOUND)?;
    if asked.requested_by == tx.caller().user_id() {
        return Err(Error::Forbidden("nobody decides about their own request".to_owned()));
    }
    let positions = parts::positions(tx, tx.caller(), &asked).await?;
    if positions.is_empty() {
        return Err(match store::may_see(tx, tx.caller(), &asked).await? {
            true => Error::Forbidden(needed(&asked)),
            false => NOT_FOUND,
        });
    }
    if asked.status != Status::Pending {
        return Err(closed(asked.status));
    }
    let open: Vec<ScopeId> = positions.iter().filter(|it| it.open).map(|it| it.node).collect();
    if open.is_empty() {
        return Err(Error::Conflict(DECIDED.to_owned()));
    }
    Ok((asked, open))
}

/// What it takes to decide.
fn needed(asked: &Approval) -> String {
    let each = asked.decisions.iter().filter(|part| part.decision.is_none());
    let each: Vec<String> = each.map(|part| format!("{} on {}", part.approver_role, part.node)).collect();
    format!(
        "this needs the role {} itself, or a delegate of one who has it; those above may decide later",
        if each.is_empty() {
            format!("{} on {}", asked.approver_role, asked.node)
        } else {
            each.join(" or ")
        }
    )
}

/// Those of these nodes, as requests name them.
fn named<'a>(asked: &'a Approval, nodes: &[ScopeId]) -> Vec<&'a str> {
    let decided = asked.decisions.iter().filter(|part| nodes.contains(&part.node_scope));
    decided.map(|part| part.node.as_str()).collect()
}

fn closed(status: Status) -> Error {
    Error::Conflict(match status {
        Status::Pending => "the request changed at the same time, look at it again".to_owned(),
        status => format!("the request is {} already", status.as_str()),
    })
}

/// Whether what was asked for may still be: things may have changed since.
async fn still_allowed(tx: &TenantTx<'_>, asked: &Approval) -> Result<()> {
    let gone = || Error::Conflict("what was to be shared is not there any more".to_owned());
    if asked.share_expires_at.is_some_and(|at| at <= tx.caller().request().at) {
        return Err(Error::Conflict("the share would have ended already".to_owned()));
    }
    if !store::requester_still_may(tx, asked).await? {
        return Err(Error::Conflict("who asked for it may not share it any more".to_owned()));
    }
    let grantee = grantees::scope(tx, asked.grantee).await?.ok_or_else(gone)?;
    let requester = Simulation::of(tx, asked.requested_by).await?.ok_or_else(gone)?;
    let held = match (asked.memory_id, asked.context_id) {
        (Some(id), _) => {
            let (_, class, home) = store::subject(tx, asked.id).await?.ok_or_else(gone)?;
            let class: Classification = class.parse().map_err(Error::internal)?;
            let held = Held::at(tx, Subject::Memory(id), home).await?;
            held.map(|held| Held { class, ..held })
        }
        (None, Some(id)) => Held::at(tx, Subject::Context(id), asked.home).await?,
        (None, None) => None,
    };
    // Its class, the tree and the rules may be others by now, and there may be more in a context.
    let reaches = Reach::of(tx, &requester.caller, &held.ok_or_else(gone)?, &grantee).await?;
    reaches.iter().try_for_each(Reach::check_class)?;
    let asked_of = |node| asked.decisions.iter().any(|part| part.node_scope == node);
    if !rules_of(&reaches).into_iter().all(|(node, _)| asked_of(node)) {
        return Err(Error::Conflict(
            "by now this needs another approval, and has to be asked for anew".to_owned(),
        ));
    }
    Ok(())
}
