//! Deciding, and no longer wanting.

use serde_json::json;

use super::{Approval, NOT_FOUND, Status, one};
use crate::access::{ApiKeyVerb, AuthContext, Classification, Simulation, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ShareId};
use crate::sharing::Subject;
use crate::sharing::authority::Held;
use crate::sharing::reach::{Reach, rule_of};
use crate::sharing::store::{approvals as store, grantees};
use crate::sharing::types::check_reason;

/// Agrees, and shares it in the same transaction.
pub async fn approve(
    ctx: &AuthContext,
    db: &Database,
    id: ApprovalId,
    why: Option<&str>,
) -> Result<Approval> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.approve").await?;
    let asked = decidable(&tx, id).await?;
    still_allowed(&tx, &asked).await?;
    let share = ShareId::generate();
    if !store::approve(&tx, id, share, why).await? {
        return Err(closed(one(&tx, id).await?.status));
    }
    let details = json!({ "share": share, "with": asked.with, "requested_by": asked.requested_by });
    audit::record(
        &tx,
        Entry::new("approval.approve", id).memories(asked.memory_id).within(asked.home).with(details),
    )
    .await?;
    let approval = one(&tx, id).await?;
    tx.commit().await?;
    Ok(approval)
}

/// Does not agree.
pub async fn deny(ctx: &AuthContext, db: &Database, id: ApprovalId, why: Option<&str>) -> Result<Approval> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.deny").await?;
    let asked = decidable(&tx, id).await?;
    close(tx, &asked, Status::Denied, why, "approval.deny").await
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
    close(tx, &asked, Status::Withdrawn, None, "approval.withdraw").await
}

async fn close(
    tx: TenantTx<'_>,
    asked: &Approval,
    status: Status,
    why: Option<&str>,
    action: &'static str,
) -> Result<Approval> {
    if !store::close(&tx, asked.id, status, why).await? {
        return Err(closed(one(&tx, asked.id).await?.status));
    }
    let details = json!({ "with": asked.with, "requested_by": asked.requested_by });
    audit::record(
        &tx,
        Entry::new(action, asked.id).memories(asked.memory_id).within(asked.home).with(details),
    )
    .await?;
    let approval = one(&tx, asked.id).await?;
    tx.commit().await?;
    Ok(approval)
}

/// A request that the caller may decide now.
async fn decidable(tx: &TenantTx<'_>, id: ApprovalId) -> Result<Approval> {
    let asked = store::lookup(tx, id).await?.ok_or(NOT_FOUND)?;
    if asked.requested_by == tx.caller().user_id() {
        return Err(Error::Forbidden("nobody decides about their own request".to_owned()));
    }
    if store::ground(tx, tx.caller(), &asked).await?.is_none() {
        return Err(match store::may_see(tx, tx.caller(), &asked).await? {
            true => Error::Forbidden(format!(
                "this needs the role {} on {} itself, or a delegate of one who has it; those above may decide later",
                asked.approver_role, asked.node
            )),
            false => NOT_FOUND,
        });
    }
    match asked.status {
        Status::Pending => Ok(asked),
        status => Err(closed(status)),
    }
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
    match rule_of(&reaches)? {
        Some((node, _)) if node != asked.node_scope => Err(Error::Conflict(
            "by now this needs another approval, and has to be asked for anew".to_owned(),
        )),
        _ => Ok(()),
    }
}
