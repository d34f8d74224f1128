//! Deciding about requests, and withdrawing them.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Approval, Behind, NOT_FOUND, Status, one};
use crate::access::{ApiKeyVerb, AuthContext, Role, Simulation, TenantTx, in_words};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{ApprovalId, ScopeId, ShareId};
use crate::sharing::authority::{Held, Plan};
use crate::sharing::share::project;
use crate::sharing::store::approval_parts::{self as parts, Agreed};
use crate::sharing::store::{approval_names, approvals as store};
use crate::sharing::types::check_reason;

/// Approves a request for every node that the caller may decide for, and shares the item in the same transaction if no
/// other approval is outstanding.
pub async fn approve(
    ctx: &AuthContext,
    db: &Database,
    id: ApprovalId,
    why: Option<&str>,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Approval>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.approve").await?;
    let approval = idempotency::once(&tx, key, agree(&tx, id, why)).await?;
    tx.commit().await?;
    Ok(approval)
}

async fn agree(tx: &TenantTx<'_>, id: ApprovalId, why: Option<&str>) -> Result<Approval> {
    let (asked, nodes) = decidable(tx, id).await?;
    let held = Held::take_asked(tx, &asked).await?;
    let plan = still_allowed(tx, &asked, held).await?;
    store::follow(tx, id, plan.authority.via).await?;
    // If an earlier share has expired without having been cleaned up, the history begins anew for the grantee.
    project(tx, &plan.held).await?;
    let share = ShareId::generate();
    let share = match parts::approve(tx, id, &nodes, share, why).await? {
        Agreed::Shared => Some(share),
        Agreed::Waiting => None,
        Agreed::Decided => return Err(Error::Conflict(DECIDED.to_owned())),
        Agreed::Closed => return Err(closed(one(tx, id).await?.status)),
    };
    let details = json!({
        "share": share, "with": asked.with, "requested_by": asked.requested_by, "for": named(&asked, &nodes),
        "classification": plan.held.class, "version": plan.held.version,
    });
    let entry = Entry::new("approval.approve", id).memories(asked.memory_id).within(asked.home);
    audit::record(tx, entry.with(details)).await?;
    one(tx, id).await
}

/// Denies a request, which ends it regardless of other approvals.
pub async fn deny(
    ctx: &AuthContext,
    db: &Database,
    id: ApprovalId,
    why: Option<&str>,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Approval>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_reason(why)?;
    let tx = ctx.begin(db, "approval.deny").await?;
    let approval = idempotency::once(&tx, key, async {
        let (asked, nodes) = decidable(&tx, id).await?;
        close(&tx, &asked, &nodes, Status::Denied, why, "approval.deny").await
    })
    .await?;
    tx.commit().await?;
    Ok(approval)
}

/// Withdraws the caller's own request.
pub async fn withdraw(
    ctx: &AuthContext,
    db: &Database,
    id: ApprovalId,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Approval>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "approval.withdraw").await?;
    let approval = idempotency::once(&tx, key, async {
        let asked = withdrawable(&tx, id).await?;
        close(&tx, &asked, &[], Status::Withdrawn, None, "approval.withdraw").await
    })
    .await?;
    tx.commit().await?;
    Ok(approval)
}

/// Returns a request of the caller that is still open.
async fn withdrawable(tx: &TenantTx<'_>, id: ApprovalId) -> Result<Approval> {
    let asked = store::lookup(tx, id).await?.ok_or(NOT_FOUND)?;
    if asked.requested_by != tx.caller().user_id() {
        return Err(match store::may_see(tx, tx.caller(), &asked).await? {
            true => Error::Forbidden("only the requester can withdraw it".to_owned()),
            false => NOT_FOUND,
        });
    }
    match asked.status {
        Status::Pending => Ok(asked),
        status => Err(closed(status)),
    }
}

async fn close(
    tx: &TenantTx<'_>,
    asked: &Approval,
    nodes: &[ScopeId],
    status: Status,
    why: Option<&str>,
    action: &'static str,
) -> Result<Approval> {
    if !store::close(tx, asked.id, status, why).await? {
        return Err(closed(one(tx, asked.id).await?.status));
    }
    let denied = parts::deny(tx, asked.id, nodes, why).await?;
    if status == Status::Denied && denied == 0 && asked.decisions.len() > 1 {
        return Err(Error::Conflict(DECIDED.to_owned()));
    }
    let details =
        json!({ "with": asked.with, "requested_by": asked.requested_by, "for": named(asked, nodes) });
    let entry = Entry::new(action, asked.id).memories(asked.memory_id).within(asked.home);
    audit::record(tx, entry.with(details)).await?;
    one(tx, asked.id).await
}

/// The message for a caller who comes too late.
const DECIDED: &str = "this is decided for your node already, and waits for others";

/// Returns a request that the caller may decide now, and the nodes they may decide for.
async fn decidable(tx: &TenantTx<'_>, id: ApprovalId) -> Result<(Approval, Vec<ScopeId>)> {
    let asked = store::lookup(tx, id).await?.ok_or(NOT_FOUND)?;
    if asked.requested_by == tx.caller().user_id() {
        return Err(Error::Forbidden("you cannot decide about your own request".to_owned()));
    }
    let positions = parts::positions(tx, tx.caller(), &asked).await?;
    if positions.is_empty() {
        return Err(match store::may_see(tx, tx.caller(), &asked).await? {
            true if tx.caller().is_service() => {
                Error::Forbidden("a person has to decide, service accounts do not".to_owned())
            }
            true if asked.status != Status::Pending => closed(asked.status),
            true => Error::Forbidden(match parts::behind(tx, tx.caller(), &asked).await? {
                Some(Behind::ItsKey) => {
                    "the request comes from a service account whose key you made (or rotated): somebody else has to \
                     decide"
                        .to_owned()
                }
                Some(Behind::APassword) => {
                    "the requester made the token for your password (or you for theirs): somebody else has to decide"
                        .to_owned()
                }
                None => needed(&one(tx, id).await?, tx.caller().request().at),
            }),
            false => NOT_FOUND,
        });
    }
    if asked.status != Status::Pending {
        return Err(closed(asked.status));
    }
    let open: Vec<ScopeId> = positions.iter().filter(|it| it.open).map(|it| it.node).collect();
    if open.is_empty() {
        return Err(match positions.iter().any(|it| it.gains) {
            true => Error::Forbidden(
                "it is to be shared with you or a scope of yours, and a delegate does not decide about that: somebody \
                 else has to decide"
                    .to_owned(),
            ),
            false => Error::Conflict(DECIDED.to_owned()),
        });
    }
    Ok((asked, open))
}

/// Returns who can decide: for each node that has not yet, or had to.
fn needed(asked: &Approval, now: DateTime<Utc>) -> String {
    let waiting = asked.decisions.iter().any(|part| part.decision.is_none());
    let parts = asked.decisions.iter().filter(|part| !waiting || part.decision.is_none());
    let each: Vec<String> = parts
        .map(|part| {
            let (role, node) = (part.approver_role, in_words(part.node_name.as_deref(), &part.node));
            match part.escalates_at > now {
                true => format!(
                    "only those with the role {role} on {node} and their delegates can decide now; those above it can \
                     from {} on",
                    part.escalates_at.format("%-d %B %Y %H:%M UTC")
                ),
                false => format!(
                    "only those with the role {role} on {node} or above it and their delegates can decide"
                ),
            }
        })
        .collect();
    each.join("; and ")
}

/// Returns these nodes as requests name them.
fn named<'a>(asked: &'a Approval, nodes: &[ScopeId]) -> Vec<&'a str> {
    let decided = asked.decisions.iter().filter(|part| nodes.contains(&part.node_scope));
    decided.map(|part| part.node.as_str()).collect()
}

fn closed(status: Status) -> Error {
    Error::Conflict(match status {
        Status::Pending => "the request changed at the same time, look at it again".to_owned(),
        status => status.in_words(),
    })
}

/// Checks that the requester could still make this share, needing approval by the same nodes: things may have changed
/// since the request.
async fn still_allowed(tx: &TenantTx<'_>, asked: &Approval, held: Option<Held>) -> Result<Plan> {
    let gone = || Error::Conflict("what was to be shared is not there any more".to_owned());
    let no_more = || Error::Conflict("the person who asked may no longer share it".to_owned());
    if asked.share_expires_at.is_some_and(|at| at <= tx.caller().request().at) {
        return Err(Error::Conflict("the requested share's expires_at has passed: ask again".to_owned()));
    }
    let requester = Simulation::of(tx, asked.requested_by).await?.ok_or_else(no_more)?;
    if !requester.active {
        let name = requester_of(tx, asked).await?;
        return Err(Error::Conflict(format!("the account of {name} is deactivated: you can only deny this")));
    }
    let held = held.ok_or_else(gone)?;
    if asked.differs(tx, &held).await? {
        let name = requester_of(tx, asked).await?;
        return Err(Error::Conflict(format!(
            "it has changed since the request: {name} has to ask again, and you can only deny this one"
        )));
    }
    let new = asked.wish()?;
    let authority = held.authority_for(tx, &requester.caller, Some(&new)).await;
    let authority = authority.and_then(|it| it.check(&new).map(|()| it));
    let authority =
        authority.map_err(|error| if matches!(error, Error::Forbidden(_)) { no_more() } else { error })?;
    let plan = Plan::with(tx, held, &requester.caller, authority, &new).await;
    let plan = plan.map_err(|error| if matches!(error, Error::NotFound { .. }) { gone() } else { error })?;
    if plan.grantee.scope != asked.grantee {
        return Err(gone());
    }
    let agrees = |node: ScopeId, role: Role| {
        asked.decisions.iter().any(|part| part.node_scope == node && part.approver_role >= role)
    };
    let further = plan.direction > asked.direction;
    if further || !plan.rules.iter().all(|(node, rule)| agrees(*node, rule.approver_role)) {
        return Err(Error::Conflict(
            "by now this needs another approval, and has to be asked for anew".to_owned(),
        ));
    }
    Ok(plan)
}

/// Returns the requester's name, or their id if they have none.
async fn requester_of(tx: &TenantTx<'_>, asked: &Approval) -> Result<String> {
    let mut named = asked.clone();
    approval_names::name(tx, std::slice::from_mut(&mut named)).await?;
    Ok(named.requested_by_name.unwrap_or_else(|| asked.requested_by.to_string()))
}

/// Refuses a request that can no longer be approved.
pub async fn check(tx: &TenantTx<'_>, asked: &Approval) -> Result<()> {
    let held = Held::asked(tx, asked).await?;
    still_allowed(tx, asked, held).await.map(drop)
}
