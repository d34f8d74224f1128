//! Creating and ending shares.

use serde_json::json;

use super::authority::{Held, Plan, Wish};
use super::store::shares::{self, NewRow, Wanted};
use super::store::{contexts, grantees};
use super::{Listing, NewShare, Share, ShareRequest, Shared, Subject, approvals};
use crate::access::{Action, ApiKeyVerb, AuthContext, ReadableScope, TenantTx, policy};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::ShareId;
use crate::page::{Cursor, List, QueryHash};

/// The error for a share that the caller cannot see.
const NOT_FOUND: Error = Error::NotFound { what: "share" };

/// Shares an item, or requests the approval it needs. Sharing it again with the same grantee changes the terms that are
/// given; if they become narrower, what was shared on through it ends.
pub async fn share(
    ctx: &AuthContext,
    db: &Database,
    subject: Subject,
    request: ShareRequest,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Shared>> {
    ctx.authorize_verb(Action::ShareOwnMemory.verb())?;
    request.check(ctx.request().at)?;
    let tx = ctx.begin(db, "share.create").await?;
    let work = async {
        let Wish { plan, new, .. } = Wish::make(&tx, subject, &request).await?;
        if !plan.rules.is_empty() {
            let approval = approvals::request(&tx, &plan, &new).await?;
            return Ok(Shared::PendingApproval { approval });
        }
        let share = grant(&tx, &plan, &new).await?;
        Ok(Shared::Shared { share })
    };
    let shared = idempotency::once(&tx, key, work).await?;
    tx.commit().await?;
    Ok(shared)
}

/// What sharing something would come to.
pub struct Prospect {
    /// Whether somebody else has to approve it first.
    pub needs_approval: bool,
    /// What people call the person or the place that it would be shared with.
    pub with_name: Option<String>,
    /// Their e-mail address, if it is a person.
    pub with_email: Option<String>,
    /// The terms, all of them.
    pub terms: NewShare,
    /// The share that the caller has made before, whose terms would change.
    pub before: Option<Share>,
}

/// Returns what sharing it in this way would come to, or an error if the caller may not share it.
pub async fn may_share(
    ctx: &AuthContext,
    db: &Database,
    subject: Subject,
    request: &ShareRequest,
) -> Result<Prospect> {
    ctx.authorize_verb(Action::ShareOwnMemory.verb())?;
    request.check(ctx.request().at)?;
    let tx = ctx.begin(db, "share.may").await?;
    let Wish { plan, new, before } = Wish::make(&tx, subject, request).await?;
    approvals::can_be_approved(&tx, &plan, ctx.user_id()).await?;
    let (with_name, with_email) = grantees::names(&tx, plan.grantee.scope).await?;
    tx.commit().await?;
    Ok(Prospect { needs_approval: !plan.rules.is_empty(), with_name, with_email, terms: new, before })
}

/// Requests approval; refused if none is needed.
pub async fn ask(
    ctx: &AuthContext,
    db: &Database,
    subject: Subject,
    request: ShareRequest,
) -> Result<Shared> {
    ctx.authorize_verb(Action::ShareOwnMemory.verb())?;
    request.check(ctx.request().at)?;
    let tx = ctx.begin(db, "approval.request").await?;
    let Wish { plan, new, .. } = Wish::make(&tx, subject, &request).await?;
    if plan.rules.is_empty() {
        return Err(Error::Conflict(
            "no approval is needed: share it directly (MCP: share_memory)".to_owned(),
        ));
    }
    let approval = approvals::request(&tx, &plan, &new).await?;
    tx.commit().await?;
    Ok(Shared::PendingApproval { approval })
}

/// Stores a planned share.
pub(super) async fn grant(tx: &TenantTx<'_>, plan: &Plan, new: &NewShare) -> Result<Share> {
    let granted_by = tx.caller().user_id();
    let subject = plan.held.subject;
    let row = |id| NewRow {
        id,
        subject,
        grantee: plan.grantee.scope,
        permission: new.permission,
        may_reshare: new.may_reshare,
        reason: new.reason.as_deref(),
        granted_by,
        via: plan.authority.via,
        expires_at: new.expires_at,
    };
    let id = match shares::own(tx, subject, plan.grantee.scope, granted_by).await? {
        Some(id) => {
            // It may have expired without having been cleaned up.
            let before = one(tx, subject, id, true).await?;
            shares::update(tx, id, &row(id)).await?;
            if narrower(&before, new) {
                shares::revoke(tx, id, false).await?;
            }
            id
        }
        None => {
            let id = ShareId::generate();
            shares::insert(tx, &row(id)).await?;
            id
        }
    };
    project(tx, &plan.held).await?;
    let details = json!({
        "of": subject.label(), "with": plan.grantee.label, "permission": new.permission,
        "may_reshare": new.may_reshare, "expires_at": new.expires_at, "via": plan.authority.via,
        "direction": plan.direction, "classification": plan.held.class,
    });
    audit::record(
        tx,
        Entry::new("share.create", id).memories(subject.memory()).within(plan.held.home).with(details),
    )
    .await?;
    one(tx, subject, id, false).await
}

/// Ends a share and everything that was shared on through it: for the person who shared it, the person it was shared
/// with, the administrators of the scope it was shared with, and those who decide about the item. Returns how many
/// shares ended.
pub async fn revoke(ctx: &AuthContext, db: &Database, subject: Subject, id: ShareId) -> Result<u64> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "share.revoke").await?;
    let held = Held::take(&tx, subject).await?;
    let share = one(&tx, subject, id, false).await?;
    let grantee = ctx.scope(share.grantee);
    let own = share.granted_by == ctx.user_id() || grantee.is_some_and(may_decline);
    if !own && !held.decides(&tx).await? {
        return Err(match grantee {
            Some(grantee) => Error::Forbidden(format!(
                "only the person who shared it, an administrator of {}, and those who decide about it where it lives \
                 can end this share",
                grantee.in_words()
            )),
            None => NOT_FOUND,
        });
    }
    let ended = shares::revoke(&tx, id, true).await?;
    project(&tx, &held).await?;
    let details = json!({ "of": subject.label(), "with": share.with, "ended": ended });
    audit::record(
        &tx,
        Entry::new("share.revoke", id).memories(subject.memory()).within(held.home).with(details),
    )
    .await?;
    tx.commit().await?;
    Ok(ended)
}

/// Returns whether the caller may end shares with this scope: their own, or one where they may also delete what others
/// added.
fn may_decline(grantee: &ReadableScope) -> bool {
    policy::allows(Action::EditAnyMemory, grantee.kind, grantee.role)
}

/// Lists the shares of an item, oldest first: all of them for those who decide about it, otherwise those that the
/// caller made or is reached by.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    subject: Subject,
    listing: Listing,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Share>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let query = QueryHash::of(&["shares", &subject.label(), if listing.ended { "ended" } else { "" }]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "share.list").await?;
    let held = Held::look(&tx, subject).await?;
    let wanted = Wanted {
        memory: subject.memory(),
        context: subject.context(),
        ended: listing.ended,
        own: !held.decides(&tx).await?,
        after,
        ..Wanted::default()
    };
    let mut results = shares::list(&tx, &wanted, limit + 1).await?;
    let shown = Entry::new("share.list", subject.label()).memories(subject.memory()).within(held.home);
    audit::commit_read(tx, shown).await?;
    let next = Cursor::cut(&mut results, limit, &query, |share| Cursor {
        created_at: share.granted_at,
        id: share.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns a share of the given item.
pub(super) async fn one(tx: &TenantTx<'_>, subject: Subject, id: ShareId, ended: bool) -> Result<Share> {
    let wanted = Wanted {
        id: Some(id),
        memory: subject.memory(),
        context: subject.context(),
        ended,
        ..Wanted::default()
    };
    shares::list(tx, &wanted, 1).await?.pop().ok_or(NOT_FOUND)
}

/// Updates the projection that search reads.
pub(super) async fn project(tx: &TenantTx<'_>, held: &Held) -> Result<()> {
    let ids = match held.subject {
        Subject::Memory(id) => vec![id.uuid()],
        Subject::Context(_) => contexts::memories(tx, held.home).await?,
    };
    Ok(shares::project(tx, &ids).await?)
}

/// Returns whether the grantee of this share may now do less with it.
fn narrower(before: &Share, new: &NewShare) -> bool {
    let shorter = match (before.expires_at, new.expires_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    shorter || new.permission < before.permission || (before.may_reshare && !new.may_reshare)
}
