//! The members of a group.

use serde_json::json;

use super::service::{manageable, visible};
use super::{GroupMember, NewGroupMember, store};
use crate::access::{Action, ApiKeyVerb, AuthContext};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{GroupId, UserId};
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::rank::{self, Holder};
use crate::tenancy::users;

/// Lists the members of a group, in the order in which they joined.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    group: GroupId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<GroupMember>> {
    ctx.authorize_verb(Action::ListMembers.verb())?;
    let query = QueryHash::of(&["group_members", &group.to_string()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "group.list_members").await?;
    let (_, home) = visible(&tx, group).await?;
    let mut results = store::members(&tx, group, None, after, limit + 1).await?;
    let next = Cursor::cut(&mut results, limit, &query, |member| Cursor {
        created_at: member.since,
        id: member.user_id.uuid(),
    });
    // Recorded, because these are names and addresses of people, as in a list of a node's members.
    let shown = Entry::new("group_member.list", group).within(home.id).with(json!({ "rows": results.len() }));
    audit::commit_read(tx, shown).await?;
    Ok(List { results, next })
}

/// Adds a user of the enterprise to a group. This grants every role of the group, so the caller needs at least the same
/// roles.
pub async fn add(
    ctx: &AuthContext,
    db: &Database,
    group: GroupId,
    new: &NewGroupMember,
    key: Option<&IdempotencyKey>,
) -> Result<Once<GroupMember>> {
    ctx.authorize_verb(Action::ManageGroups.verb())?;
    let tx = ctx.begin(db, "group.add_member").await?;
    let member = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        let home = manageable(&tree, group).await?.scope;
        rank::covers(&tree, Holder::Group(group)).await?;
        rank::may_let_in(ctx)?;
        let user = users::named(&tree, new.user_id, new.email.as_ref()).await?;
        if !store::is_active(&tree, user).await?.ok_or(Error::NotFound { what: "user" })? {
            return Err(Error::Conflict("this account is deactivated".to_owned()));
        }
        if !store::add(&tree, group, user).await? {
            return Err(Error::Conflict("already a member of this group".to_owned()));
        }
        let entry = Entry::new("group.add_member", group).within(home);
        audit::record(&tx, entry.with(json!({ "user": user }))).await?;
        let added = store::members(&tx, group, Some(user), None, 1).await?.pop();
        added.ok_or(Error::NotFound { what: "member" })
    })
    .await?;
    tx.commit().await?;
    Ok(member)
}

/// Removes a user from a group. Anyone may leave a group that they belong to.
pub async fn remove(ctx: &AuthContext, db: &Database, group: GroupId, user: UserId) -> Result<()> {
    ctx.authorize_verb(ApiKeyVerb::TenancyWrite)?;
    let tx = ctx.begin(db, "group.remove_member").await?;
    let tree = Locked::take(&tx).await?;
    let belongs = !store::members(&tx, group, Some(user), None, 1).await?.is_empty();
    if !(belongs && user == ctx.user_id()) {
        manageable(&tree, group).await?;
        rank::covers(&tree, Holder::Group(group)).await?;
    }
    let found = store::find(&tx, Some(group), None, None, 1).await?.pop();
    let home = found.ok_or(Error::NotFound { what: "group" })?;
    if home.shown.managed_by != super::Manager::Manual {
        return Err(Error::Conflict("this group is managed by a directory".to_owned()));
    }
    if !store::remove(&tree, group, user).await? {
        return Err(Error::NotFound { what: "member" });
    }
    let entry = Entry::new("group.remove_member", group).within(home.scope);
    audit::record(&tx, entry.with(json!({ "user": user }))).await?;
    tx.commit().await?;
    Ok(())
}
