//! The roles of groups on a node: a group as a member of it.

use serde_json::json;

use super::service::visible;
use super::{RoleOfGroup, store};
use crate::access::{Action, AuthContext, ReadableScope, Role, ScopeKind};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::GroupId;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank;

/// Lists the groups with a role on the node itself, in the order in which they received it.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<RoleOfGroup>> {
    ctx.authorize(Action::ListMembers, scope)?;
    let query = QueryHash::of(&["group_roles", &scope.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "group.list_roles_of_scope").await?;
    let mut results = store::roles(&tx, scope.id, None, after, limit + 1).await?;
    tx.commit().await?;
    let next = Cursor::cut(&mut results, limit, &query, |held| Cursor {
        created_at: held.created_at,
        id: held.group_id.uuid(),
    });
    Ok(List { results, next })
}

/// Gives a group a role on a node, replacing any previous one. Repeating it changes nothing.
pub async fn put(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    group: GroupId,
    role: Role,
) -> Result<RoleOfGroup> {
    let tx = ctx.begin(db, "group.put_role").await?;
    let tree = Locked::take(&tx).await?;
    let scope = tree.scope(scope.id).await?;
    ctx.authorize(Action::ManageMembers, &scope)?;
    visible(&tx, group).await?;
    rank::may_grant(&scope, role)?;
    rank::may_let_in(ctx)?;
    if scope.kind == ScopeKind::Enterprise && role == Role::Owner {
        return Err(Error::Conflict(
            "a group cannot own the enterprise: make its members owners one by one".to_owned(),
        ));
    }
    let before = held(&tree, &scope, group).await?.map(|held| held.role);
    rank::may_touch(&scope, before)?;
    if before != Some(role) {
        store::put_role(&tree, group, scope.id, role).await?;
        record(&tree, "group.put_role", &scope, group, before, Some(role)).await?;
    }
    let held = held(&tree, &scope, group).await?.ok_or(Error::NotFound { what: "group" })?;
    tx.commit().await?;
    Ok(held)
}

/// Removes a group's role on a node.
pub async fn remove(ctx: &AuthContext, db: &Database, scope: &ReadableScope, group: GroupId) -> Result<()> {
    let tx = ctx.begin(db, "group.remove_role").await?;
    let tree = Locked::take(&tx).await?;
    let scope = tree.scope(scope.id).await?;
    ctx.authorize(Action::ManageMembers, &scope)?;
    let before = held(&tree, &scope, group).await?.ok_or(Error::NotFound { what: "group" })?.role;
    rank::may_touch(&scope, Some(before))?;
    store::remove_role(&tree, group, scope.id).await?;
    record(&tree, "group.remove_role", &scope, group, Some(before), None).await?;
    tx.commit().await?;
    Ok(())
}

async fn held(tree: &Locked<'_, '_>, scope: &ReadableScope, group: GroupId) -> Result<Option<RoleOfGroup>> {
    Ok(store::roles(tree, scope.id, Some(group), None, 1).await?.pop())
}

async fn record(
    tree: &Locked<'_, '_>,
    action: &'static str,
    scope: &ReadableScope,
    group: GroupId,
    before: Option<Role>,
    after: Option<Role>,
) -> Result<()> {
    let details = json!({ "scope": scope.label(), "before": before, "after": after });
    audit::record(tree, Entry::new(action, group).within(scope.id).with(details)).await?;
    Ok(())
}
