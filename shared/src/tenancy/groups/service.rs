//! Operations on groups.

use serde_json::json;

use super::store::{self, Found};
use super::{Group, GroupChange, Manager, NewGroup};
use crate::access::policy::{self, Action};
use crate::access::{AuthContext, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::GroupId;
use crate::name;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank::{self, Holder};

/// Creates an empty group at a node or at the enterprise.
pub async fn create(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    new: NewGroup,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Group>> {
    ctx.authorize_verb(Action::ManageGroups.verb())?;
    let name = name::checked(&new.name, "name")?;
    let tx = ctx.begin(db, "group.create").await?;
    let group = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        let scope = tree.scope(scope.id).await?;
        ctx.authorize(Action::ManageGroups, &scope)?;
        let id = GroupId::generate();
        if !store::insert(&tree, id, scope.id, &name).await? {
            return Err(name_taken(&name, &scope.label()));
        }
        let details = json!({ "name": name, "at": scope.label() });
        audit::record(&tx, Entry::new("group.create", id).within(scope.id).with(details)).await?;
        seen(&tx, id).await
    })
    .await?;
    tx.commit().await?;
    Ok(group)
}

/// Lists the groups kept at a node or at the enterprise, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Group>> {
    ctx.authorize(Action::ListMembers, scope)?;
    let query = QueryHash::of(&["groups", &scope.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "group.list").await?;
    let found = store::find(&tx, None, Some(scope.id), after, limit + 1).await?;
    tx.commit().await?;
    let mut results: Vec<_> = found.into_iter().map(|found| found.shown).collect();
    let next = Cursor::cut(&mut results, limit, &query, |group| Cursor {
        created_at: group.created_at,
        id: group.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns one group.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: GroupId) -> Result<Group> {
    ctx.authorize_verb(Action::ListMembers.verb())?;
    let tx = ctx.begin(db, "group.lookup").await?;
    let (group, _) = visible(&tx, id).await?;
    tx.commit().await?;
    Ok(group.shown)
}

/// Renames a group.
pub async fn change(ctx: &AuthContext, db: &Database, id: GroupId, change: GroupChange) -> Result<Group> {
    let name = name::checked(&change.name, "name")?;
    let tx = ctx.begin(db, "group.change").await?;
    let tree = Locked::take(&tx).await?;
    let group = manageable(&tree, id).await?;
    if !store::rename(&tree, &group, &name).await? {
        return Err(name_taken(&name, &group.shown.at.scope));
    }
    let entry = Entry::new("group.change", id).within(group.scope);
    audit::record(&tx, entry.with(json!({ "name": name }))).await?;
    let group = seen(&tx, id).await?;
    tx.commit().await?;
    Ok(group)
}

/// Deletes a group. The roles that people held through it end with it.
pub async fn delete(ctx: &AuthContext, db: &Database, id: GroupId) -> Result<()> {
    let tx = ctx.begin(db, "group.delete").await?;
    let tree = Locked::take(&tx).await?;
    let group = manageable(&tree, id).await?;
    rank::covers(&tree, Holder::Group(id)).await?;
    store::delete(&tree, id).await?;
    let details = json!({ "name": group.shown.name, "members": group.shown.members });
    audit::record(&tx, Entry::new("group.delete", id).within(group.scope).with(details)).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns a group that the caller may know about, and the scope where it is kept. The caller must be allowed to list
/// the members there.
pub(super) async fn visible<'c>(tx: &TenantTx<'c>, id: GroupId) -> Result<(Found, &'c ReadableScope)> {
    let missing = || Error::NotFound { what: "group" };
    let group = store::find(tx, Some(id), None, None, 1).await?.pop().ok_or_else(missing)?;
    let home = tx.caller().scope(group.scope).ok_or_else(missing)?;
    if !policy::allows(Action::ListMembers, home.kind, home.role) {
        return Err(missing());
    }
    Ok((group, home))
}

/// Returns a group that the caller may change by hand.
pub(super) async fn manageable(tree: &Locked<'_, '_>, id: GroupId) -> Result<Found> {
    let (group, _) = visible(tree, id).await?;
    tree.caller().authorize(Action::ManageGroups, &tree.scope(group.scope).await?)?;
    match group.shown.managed_by {
        Manager::Manual => Ok(group),
        other => Err(Error::Conflict(format!(
            "this group is managed by {}, change it in the directory that it comes from",
            other.as_str()
        ))),
    }
}

async fn seen(tx: &TenantTx<'_>, id: GroupId) -> Result<Group> {
    let found = store::find(tx, Some(id), None, None, 1).await?.pop();
    found.map(|found| found.shown).ok_or(Error::NotFound { what: "group" })
}

fn name_taken(name: &str, place: &str) -> Error {
    Error::Conflict(format!("there is a group called {name} at {place} already"))
}
