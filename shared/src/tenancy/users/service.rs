//! What administrators may see of accounts, and which accounts they may act on.

use super::store;
use super::{Listing, Status, User, UserDetails};
use crate::access::{Action, AuthContext, ReadableScope, Role, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::{ScopeId, UserId};
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank::{self, Holder};

/// Lists the enterprise's accounts, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    listing: &Listing,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<User>> {
    ctx.authorize(Action::ListAccounts, ctx.enterprise()?)?;
    let status = listing.status.map(|status| status.as_str());
    let email = listing.email.as_ref().map(EmailAddress::as_str);
    let query = QueryHash::of(&["users", status.unwrap_or(""), email.unwrap_or("")]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "user.list").await?;
    let mut results = store::list(&tx, status, email, after, limit + 1).await?;
    audit::commit_read(tx, Entry::of("account.list")).await?;
    let next = Cursor::cut(&mut results, limit, &query, |user| Cursor {
        created_at: user.created_at,
        id: user.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns one account: the caller's own, or any for an administrator of the enterprise. Its roles are shown as far as
/// the caller sees the scopes on which they are held: a narrowed key learns of nothing outside, and nobody of contexts
/// that they do not belong to.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: UserId) -> Result<UserDetails> {
    const MISSING: Error = Error::NotFound { what: "user" };
    if id == ctx.user_id() {
        ctx.authorize_verb(Action::ListAccounts.verb())?;
    } else {
        ctx.authorize(Action::ListAccounts, ctx.enterprise().map_err(|_| MISSING)?)?;
    }
    let tx = ctx.begin(db, "user.lookup").await?;
    let mut user = store::find(&tx, id).await?.ok_or(MISSING)?;
    if ctx.enterprise().is_err() {
        user.role = None;
    }
    let memberships = store::memberships(&tx, id).await?.into_iter();
    let memberships = memberships.filter(|(scope, _)| ctx.scope(*scope).is_some()).map(|(_, held)| held);
    let memberships = memberships.collect();
    audit::commit_read(tx, Entry::new("account.read", id)).await?;
    Ok(UserDetails { user, memberships })
}

/// Returns the user that a request names by exactly one of an id and an address. Call it once the caller may add people,
/// because it tells whether an address has an account here.
pub(in crate::tenancy) async fn named(
    tx: &TenantTx<'_>,
    id: Option<UserId>,
    email: Option<&EmailAddress>,
) -> Result<UserId> {
    match (id, email) {
        (Some(id), None) => Ok(id),
        (None, Some(email)) => store::by_email(tx, email).await?.ok_or(Error::NotFound { what: "user" }),
        _ => Err(Error::malformed("send either user_id or email")),
    }
}

/// Takes the tenant's lock and checks that the caller may deactivate and reactivate this account: the caller must be an
/// administrator of the enterprise, and the account neither their own nor one with a higher role there.
pub async fn may_manage(tx: &TenantTx<'_>, id: UserId) -> Result<()> {
    let tree = Locked::take(tx).await?;
    let (root, user) = administered(&tree, id).await?;
    if id == tx.caller().user_id() {
        return Err(Error::Conflict("nobody can deactivate or reactivate their own account".to_owned()));
    }
    rank::may_touch(&root, user.role)
}

/// The same for seeing and ending the credentials of an account, which may be their own; returns its personal scope.
pub async fn may_administer(tx: &TenantTx<'_>, id: UserId) -> Result<ScopeId> {
    let tree = Locked::take(tx).await?;
    let (root, user) = administered(&tree, id).await?;
    rank::may_touch(&root, user.role)?;
    store::personal_scope(&tree, id).await?.ok_or(Error::NotFound { what: "user" })
}

/// The same for letting somebody choose a new password. Whoever has the token acts as the person, so the caller needs
/// at least the person's role wherever the person holds one in the tree.
pub async fn may_reset_password(tx: &TenantTx<'_>, id: UserId) -> Result<()> {
    let tree = Locked::take(tx).await?;
    let (root, user) = administered(&tree, id).await?;
    if id == tx.caller().user_id() {
        return Err(Error::Conflict("change your own password with POST /v1/auth/password".to_owned()));
    }
    rank::may_touch(&root, user.role)?;
    rank::covers(&tree, Holder::Person(id)).await?;
    if user.status != Status::Active {
        return Err(Error::Conflict("this account is deactivated".to_owned()));
    }
    Ok(())
}

/// Returns the role of an account on the whole enterprise, if it has one.
pub(crate) async fn role_on_enterprise(tx: &TenantTx<'_>, id: UserId) -> Result<Option<Role>> {
    Ok(store::find(tx, id).await?.and_then(|user| user.role))
}

/// Returns the enterprise's scope and an account, if the caller administers accounts.
async fn administered(tree: &Locked<'_, '_>, id: UserId) -> Result<(ReadableScope, User)> {
    let ctx = tree.caller();
    let root = tree.scope(ctx.enterprise()?.id).await?;
    ctx.authorize(Action::ManageAccounts, &root)?;
    let user = store::find(tree, id).await?.ok_or(Error::NotFound { what: "user" })?;
    Ok((root, user))
}
