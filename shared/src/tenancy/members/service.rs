//! Operations on the members of a node or of the enterprise.

use serde_json::json;

use super::store::{self, Standing};
use super::{Member, NewMember};
use crate::access::{Action, ApiKeyVerb, AuthContext, ReadableScope, Role, ScopeKind, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::UserId;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::users::{self, Status};
use crate::tenancy::{owners, rank};

/// Lists everyone with a role on a scope, directly or from above, in the order in which their accounts were created.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Member>> {
    ctx.authorize(Action::ListMembers, scope)?;
    let query = QueryHash::of(&["members", &scope.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "member.list").await?;
    let mut results = store::list(&tx, scope, None, after, limit + 1).await?;
    audit::commit_read(tx, Entry::of("member.list").within(scope.id)).await?;
    let next = Cursor::cut(&mut results, limit, &query, |member| Cursor {
        created_at: member.account_created_at,
        id: member.user_id.uuid(),
    });
    Ok(List { results, next })
}

/// Makes a user of the enterprise a member.
pub async fn add(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    new: NewMember,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Member>> {
    ctx.authorize_verb(Action::ManageMembers.verb())?;
    let tx = ctx.begin(db, "member.add").await?;
    let member = idempotency::once(&tx, key, admit(&tx, scope, new)).await?;
    tx.commit().await?;
    Ok(member)
}

/// The same within a transaction, which holds the tenant's lock from then on.
pub(crate) async fn admit(tx: &TenantTx<'_>, scope: &ReadableScope, new: NewMember) -> Result<Member> {
    let tree = Locked::take(tx).await?;
    tx.caller().authorize(Action::ManageMembers, &tree.scope(scope.id).await?)?;
    let user = users::named(&tree, new.user_id, new.email.as_ref()).await?;
    let (scope, standing) = manageable(tx.caller(), &tree, scope, user).await?;
    rank::may_grant(&scope, new.role)?;
    // Those who come into a context are checked against what is in it.
    if scope.kind != ScopeKind::Context {
        rank::may_let_in(tx.caller())?;
    }
    if standing.status != Status::Active {
        return Err(Error::Conflict("this account is deactivated".to_owned()));
    }
    if let Some(role) = standing.direct {
        return Err(Error::Conflict(format!("already {role} of {}", scope.in_words())));
    }
    store::put(&tree, scope.id, user, new.role).await?;
    record(&tree, "member.add", &scope, user, None, Some(new.role)).await?;
    member(&tree, &scope, user).await
}

/// Gives a direct member another role.
pub async fn change(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    user: UserId,
    role: Role,
) -> Result<Member> {
    let tx = ctx.begin(db, "member.change").await?;
    let tree = Locked::take(&tx).await?;
    let (scope, standing) = manageable(ctx, &tree, scope, user).await?;
    let before = standing.direct.ok_or(Error::NotFound { what: "member" })?;
    rank::may_grant(&scope, role)?;
    if before != role {
        keep_an_owner(&tree, &scope, user, before).await?;
        store::put(&tree, scope.id, user, role).await?;
        record(&tree, "member.change", &scope, user, Some(before), Some(role)).await?;
    }
    let member = member(&tree, &scope, user).await?;
    tx.commit().await?;
    Ok(member)
}

/// Ends a direct membership. Anyone may end their own.
pub async fn remove(ctx: &AuthContext, db: &Database, scope: &ReadableScope, user: UserId) -> Result<()> {
    let tx = ctx.begin(db, "member.remove").await?;
    let tree = Locked::take(&tx).await?;
    let (scope, standing) = if user == ctx.user_id() {
        ctx.authorize_verb(ApiKeyVerb::TenancyWrite)?;
        let scope = tree.scope(scope.id).await?;
        let standing = store::standing(&tree, &scope, user).await?;
        (scope, standing.ok_or(Error::NotFound { what: "user" })?)
    } else {
        manageable(ctx, &tree, scope, user).await?
    };
    let before = standing.direct.ok_or(Error::NotFound { what: "member" })?;
    keep_an_owner(&tree, &scope, user, before).await?;
    store::delete(&tree, scope.id, user).await?;
    record(&tree, "member.remove", &scope, user, Some(before), None).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns the present state of the scope and of the user's standing on it, if the caller may manage that user there.
async fn manageable(
    ctx: &AuthContext,
    tree: &Locked<'_, '_>,
    scope: &ReadableScope,
    user: UserId,
) -> Result<(ReadableScope, Standing)> {
    let scope = tree.scope(scope.id).await?;
    ctx.authorize(Action::ManageMembers, &scope)?;
    let standing = store::standing(tree, &scope, user).await?.ok_or(Error::NotFound { what: "user" })?;
    rank::may_touch(&scope, standing.effective)?;
    Ok((scope, standing))
}

/// The enterprise and contexts must keep an owner; for other nodes, those above them are responsible.
async fn keep_an_owner(
    tree: &Locked<'_, '_>,
    scope: &ReadableScope,
    user: UserId,
    before: Role,
) -> Result<()> {
    match scope.kind {
        ScopeKind::Enterprise if before == Role::Owner => {
            owners::require_another(tree, tree.caller().enterprise_id(), user).await
        }
        ScopeKind::Context if before == Role::Owner => owners::require_another_of(tree, scope.id, user).await,
        _ => Ok(()),
    }
}

async fn member(tree: &Locked<'_, '_>, scope: &ReadableScope, user: UserId) -> Result<Member> {
    store::list(tree, scope, Some(user), None, 1).await?.pop().ok_or(Error::NotFound { what: "member" })
}

async fn record(
    tree: &Locked<'_, '_>,
    action: &'static str,
    scope: &ReadableScope,
    user: UserId,
    before: Option<Role>,
    after: Option<Role>,
) -> Result<()> {
    let details = json!({ "scope": scope.label(), "before": before, "after": after });
    audit::record(tree, Entry::new(action, user).within(scope.id).with(details)).await?;
    Ok(())
}
