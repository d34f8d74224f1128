//! Operations on the tree.

use serde_json::json;

use super::naming::check_name;
use super::placement::{check_depth, check_kind};
use super::seen::check_seen;
use super::store::{self, Place};
use super::types::Parent;
use super::{Listing, NewNode, Node, NodeChange};
use crate::access::{Action, AuthContext, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::NodeId;
use crate::limits::quotas;
use crate::name;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::{policies, rank};

/// Creates a node.
pub async fn create(
    ctx: &AuthContext,
    db: &Database,
    new: NewNode,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Node>> {
    ctx.authorize_verb(Action::CreateNode.verb())?;
    let parent = parent_scope(ctx, new.parent)?.id;
    let (name, settings) = (name::checked(&new.name, "name")?, new.settings.checked()?);
    let tx = ctx.begin(db, "node.create").await?;
    let node = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        let parent = tree.scope(parent).await?;
        ctx.authorize(Action::CreateNode, &parent)?;
        check_kind(new.kind, &parent)?;
        check_depth(&parent, 1, quotas::depth(&tx).await?)?;
        check_name(&tree, parent.id, &name, None).await?;
        let id = NodeId::generate();
        let scope = store::insert(&tree, id, new.kind, &parent, &name, &settings).await?;
        let details = json!({ "kind": new.kind, "name": name, "parent": parent.label() });
        audit::record(&tx, Entry::new("organization.create", id).within(scope).with(details)).await?;
        seen(&tx, scope).await
    })
    .await?;
    tx.commit().await?;
    Ok(node)
}

/// Returns one node.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: NodeId) -> Result<Node> {
    let scope = ctx.node(id)?;
    ctx.authorize(Action::ReadNode, scope)?;
    let tx = ctx.begin(db, "node.lookup").await?;
    let node = seen(&tx, scope.id).await?;
    tx.commit().await?;
    Ok(node)
}

/// Lists the nodes that the caller may see, oldest first. All levels are in one list, in which each node names its
/// parent.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    listing: Listing,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Node>> {
    let parent = match listing.parent {
        None => None,
        Some(Parent::Enterprise) => Some(ctx.enterprise()?),
        Some(Parent::Node(id)) => Some(ctx.node(id)?),
    };
    // The statement is limited to readable nodes; a caller who is a member of nothing gets an empty list.
    ctx.authorize_verb(Action::ReadNode.verb())?;
    let kind = listing.kind.map(|kind| kind.as_str());
    let query =
        QueryHash::of(&["nodes", &format!("{:?}", parent.map(|parent| parent.id)), kind.unwrap_or("")]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let visible: Vec<_> =
        ctx.scopes().iter().filter(|scope| scope.kind.is_node()).map(|scope| scope.id.0).collect();
    let tx = ctx.begin(db, "node.list").await?;
    let place = Place { among: &visible, parent: parent.map(|parent| parent.id), kind, after };
    let mut results = store::find(&tx, &place, limit + 1).await?;
    tx.commit().await?;
    let next = Cursor::cut(&mut results, limit, &query, |node| Cursor {
        created_at: node.created_at,
        id: node.id.uuid(),
    });
    Ok(List { results, next })
}

/// Renames a node or replaces its settings.
pub async fn change(ctx: &AuthContext, db: &Database, id: NodeId, change: NodeChange) -> Result<Node> {
    let scope = ctx.node(id)?.id;
    if change.name.is_none() && change.settings.is_none() {
        return Err(Error::malformed("nothing to change, expected name, settings or both"));
    }
    let name = change.name.as_deref().map(|text| name::checked(text, "name")).transpose()?;
    let settings = change.settings.map(|settings| settings.checked()).transpose()?;
    let tx = ctx.begin(db, "node.change").await?;
    let tree = Locked::take(&tx).await?;
    let node = tree.scope(scope).await?;
    ctx.authorize(Action::ChangeNode, &node)?;
    if let (Some(name), Some(parent)) = (&name, node.parent()) {
        check_name(&tree, parent, name, Some(scope)).await?;
    }
    store::update(&tree, id, name.as_deref(), settings.as_ref()).await?;
    let details = json!({ "name": name, "settings": settings.is_some() });
    audit::record(&tx, Entry::new("organization.change", id).within(scope).with(details)).await?;
    let node = seen(&tx, scope).await?;
    tx.commit().await?;
    Ok(node)
}

/// Moves a node and everything below it to another parent, or to the enterprise if no parent is given.
pub async fn relocate(
    ctx: &AuthContext,
    db: &Database,
    id: NodeId,
    parent: Option<NodeId>,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Node>> {
    ctx.authorize_verb(Action::MoveNode.verb())?;
    let (scope, parent) = (ctx.node(id)?.id, parent_scope(ctx, parent)?.id);
    let tx = ctx.begin(db, "node.move").await?;
    let node = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        let (node, to) = (tree.scope(scope).await?, tree.scope(parent).await?);
        let from = node.parent().ok_or_else(|| Error::internal("a node has no parent"))?;
        let from = tree.scope(from).await?;
        ctx.authorize(Action::MoveNode, &node)?;
        ctx.authorize(Action::CreateNode, &from)?;
        ctx.authorize(Action::CreateNode, &to)?;
        if from.id != to.id {
            rank::may_show_all(ctx, "moves no nodes")?;
            check_kind(node.kind, &to)?;
            if to.path.contains(&node.id) {
                return Err(Error::Conflict("a node cannot be moved below itself".to_owned()));
            }
            check_depth(&to, store::height(&tree, &node).await?, quotas::depth(&tx).await?)?;
            if let Some(name) = &node.name {
                check_name(&tree, to.id, name, Some(node.id)).await?;
            }
            let target: Vec<_> = to.path.iter().copied().chain([node.id]).collect();
            check_seen(&tree, &node, &target).await?;
            policies::check_leaves(&tree, from.id, to.id).await?;
            policies::check_crosses(&tree, &node, &to).await?;
            store::relocate(&tree, &node, &to).await?;
            let details = json!({ "from": from.label(), "to": to.label() });
            audit::record(&tx, Entry::new("organization.move", id).within(scope).with(details)).await?;
        }
        seen(&tx, scope).await
    })
    .await?;
    tx.commit().await?;
    Ok(node)
}

/// Deletes an empty node: one without nodes below it, memories, groups and service accounts. Its memberships and
/// invitations end with it; they gave access to nothing else.
pub async fn delete(ctx: &AuthContext, db: &Database, id: NodeId) -> Result<()> {
    let scope = ctx.node(id)?.id;
    let tx = ctx.begin(db, "node.delete").await?;
    let tree = Locked::take(&tx).await?;
    let node = tree.scope(scope).await?;
    ctx.authorize(Action::DeleteNode, &node)?;
    store::hold(&tree, scope).await?;
    let usage = empty(&tree, &node).await?;
    store::delete(&tree, scope).await?;
    let details = json!({ "kind": node.kind, "name": node.name, "members": usage.members, "invitations": usage.invitations });
    audit::record(&tx, Entry::new("organization.delete", id).within(scope).with(details)).await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses to delete a node that is not empty, or on which somebody holds a role above `node.role`.
pub(crate) async fn check_empty(tx: &TenantTx<'_>, node: &ReadableScope) -> Result<()> {
    empty(tx, node).await.map(drop)
}

async fn empty(tx: &TenantTx<'_>, node: &ReadableScope) -> Result<store::Usage> {
    let usage = store::usage(tx, node.id).await?;
    rank::may_touch(node, usage.highest_role)?;
    match usage.obstacle() {
        Some(obstacle) => Err(Error::Conflict(format!("this {} is not empty: {obstacle}", node.kind))),
        None => Ok(usage),
    }
}

fn parent_scope(ctx: &AuthContext, parent: Option<NodeId>) -> Result<&ReadableScope> {
    match parent {
        Some(id) => ctx.node(id),
        None => ctx.enterprise(),
    }
}

async fn seen(tx: &TenantTx<'_>, scope: crate::ids::ScopeId) -> Result<Node> {
    let place = Place { among: &[scope.0], ..Place::default() };
    store::find(tx, &place, 1).await?.pop().ok_or(Error::NotFound { what: "organization" })
}
