//! Operations on service accounts, and their permissions.

use serde_json::json;

use super::store::{self, Found};
use super::{NewServiceAccount, ServiceAccount, ServiceAccountChange};
use crate::access::policy::{self, Action};
use crate::access::{AuthContext, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{ScopeId, UserId};
use crate::limits::quotas;
use crate::name;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank::{self, Holder};

/// Creates a service account that a node or the enterprise owns. It holds no role until it becomes a member of
/// something.
pub async fn create(
    ctx: &AuthContext,
    db: &Database,
    owner: &ReadableScope,
    new: NewServiceAccount,
    key: Option<&IdempotencyKey>,
) -> Result<Once<ServiceAccount>> {
    ctx.authorize_verb(Action::ManageServiceAccounts.verb())?;
    let name = name::checked(&new.name, "name")?;
    let tx = ctx.begin(db, "service_account.create").await?;
    let account = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        let owner = tree.scope(owner.id).await?;
        ctx.authorize(Action::ManageServiceAccounts, &owner)?;
        quotas::service_accounts(&tx, ctx.enterprise_id()).await?;
        let id = UserId::generate();
        store::insert(&tree, id, owner.id, &name).await?;
        let details = json!({ "name": name, "owner": owner.label() });
        audit::record(&tx, Entry::new("service_account.create", id).within(owner.id).with(details)).await?;
        seen(&tx, id).await
    })
    .await?;
    tx.commit().await?;
    Ok(account)
}

/// Lists the service accounts that a node or the enterprise owns, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    owner: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<ServiceAccount>> {
    ctx.authorize(Action::ListMembers, owner)?;
    let query = QueryHash::of(&["service_accounts", &owner.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "service_account.list").await?;
    let found = store::find(&tx, None, Some(owner.id), after, limit + 1).await?;
    tx.commit().await?;
    let mut results: Vec<_> = found.into_iter().map(|found| found.shown).collect();
    let next = Cursor::cut(&mut results, limit, &query, |account| Cursor {
        created_at: account.created_at,
        id: account.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns one service account.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: UserId) -> Result<ServiceAccount> {
    ctx.authorize_verb(Action::ListMembers.verb())?;
    let tx = ctx.begin(db, "service_account.lookup").await?;
    let account = visible(&tx, id).await?;
    tx.commit().await?;
    Ok(account.shown)
}

/// Renames a service account.
pub async fn change(
    ctx: &AuthContext,
    db: &Database,
    id: UserId,
    change: ServiceAccountChange,
) -> Result<ServiceAccount> {
    let name = name::checked(&change.name, "name")?;
    let tx = ctx.begin(db, "service_account.change").await?;
    let tree = Locked::take(&tx).await?;
    let owner = manageable(&tree, id).await?.owner;
    store::rename(&tree, id, &name).await?;
    let entry = Entry::new("service_account.change", id).within(owner);
    audit::record(&tx, entry.with(json!({ "name": name }))).await?;
    let account = seen(&tx, id).await?;
    tx.commit().await?;
    Ok(account)
}

/// Takes the tenant's lock and checks that the caller may deactivate and reactivate this account and revoke its keys;
/// returns its personal scope.
pub async fn may_manage(tx: &TenantTx<'_>, id: UserId) -> Result<ScopeId> {
    let tree = Locked::take(tx).await?;
    Ok(manageable(&tree, id).await?.personal)
}

/// The same for creating a key: whoever has the key acts with every role of the account, so the caller needs at least
/// the same roles.
pub async fn may_give_keys(tx: &TenantTx<'_>, id: UserId) -> Result<ScopeId> {
    let tree = Locked::take(tx).await?;
    let account = manageable(&tree, id).await?;
    rank::covers(&tree, Holder::Account(id)).await?;
    Ok(account.personal)
}

/// Returns an account that the caller may know about: they must be allowed to list the members of the node that owns
/// it.
async fn visible(tx: &TenantTx<'_>, id: UserId) -> Result<Found> {
    let missing = || Error::NotFound { what: "service account" };
    let account = store::find(tx, Some(id), None, None, 1).await?.pop().ok_or_else(missing)?;
    let owner = tx.caller().scope(account.owner).ok_or_else(missing)?;
    match policy::allows(Action::ListMembers, owner.kind, owner.role) {
        true => Ok(account),
        false => Err(missing()),
    }
}

async fn manageable(tree: &Locked<'_, '_>, id: UserId) -> Result<Found> {
    let account = visible(tree, id).await?;
    tree.caller().authorize(Action::ManageServiceAccounts, &tree.scope(account.owner).await?)?;
    Ok(account)
}

async fn seen(tx: &TenantTx<'_>, id: UserId) -> Result<ServiceAccount> {
    let found = store::find(tx, Some(id), None, None, 1).await?.pop();
    found.map(|found| found.shown).ok_or(Error::NotFound { what: "service account" })
}
