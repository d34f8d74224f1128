//! What administrators may see of accounts, and which accounts they may deactivate.

use super::store;
use super::{Listing, User, UserDetails};
use crate::access::{Action, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank;

/// Lists the enterprise's accounts, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    listing: Listing,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<User>> {
    ctx.authorize(Action::ListAccounts, ctx.enterprise()?)?;
    let status = listing.status.map(|status| status.as_str());
    let query = QueryHash::of(&["users", status.unwrap_or("")]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "user.list").await?;
    let mut results = store::list(&tx, None, status, after, limit + 1).await?;
    audit::commit_read(tx, Entry::of("account.list")).await?;
    let next = Cursor::cut(&mut results, limit, &query, |user| Cursor {
        created_at: user.created_at,
        id: user.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns one account: the caller's own, or any for an administrator of the enterprise.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: UserId) -> Result<UserDetails> {
    if id == ctx.user_id() {
        ctx.authorize_verb(Action::ListAccounts.verb())?;
    } else {
        ctx.authorize(Action::ListAccounts, ctx.enterprise()?)?;
    }
    let tx = ctx.begin(db, "user.lookup").await?;
    let user = store::list(&tx, Some(id), None, None, 1).await?.pop();
    let user = user.ok_or(Error::NotFound { what: "user" })?;
    let memberships = store::memberships(&tx, id).await?;
    audit::commit_read(tx, Entry::new("account.read", id)).await?;
    Ok(UserDetails { user, memberships })
}

/// Takes the tenant's lock and checks that the caller may deactivate and reactivate this account: the caller must be an
/// administrator of the enterprise, and the account neither their own nor one with a higher role there.
pub async fn may_manage(tx: &TenantTx<'_>, id: UserId) -> Result<()> {
    let ctx = tx.caller();
    let tree = Locked::take(tx).await?;
    let root = tree.scope(ctx.enterprise()?.id).await?;
    ctx.authorize(Action::ManageAccounts, &root)?;
    let user = store::list(tx, Some(id), None, None, 1).await?.pop();
    let user = user.ok_or(Error::NotFound { what: "user" })?;
    if id == ctx.user_id() {
        return Err(Error::Conflict("nobody can deactivate or reactivate their own account".to_owned()));
    }
    rank::may_touch(&root, user.role)
}
