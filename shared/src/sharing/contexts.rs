//! Contexts: curated sets of memories for work across teams.
//!
//! A context is a scope of its own kind, outside the tree. Its members are named individually (`tenancy::members`),
//! with the same roles as in any scope; memories live in it (`scope: "context:ctx_…"`) or are pinned to it, which is a
//! share of the memory with the context. A context can be shared like a memory, along with whatever is in it. Those with
//! whom it is shared read it, but hold no role in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Direction;
use super::authority::check_within;
use super::reach::{Item, Reach};
use super::store::contexts::Agreed;
use super::store::{contexts as store, grantees, shares};
use crate::access::{
    Action, ApiKeyVerb, AuthContext, Classification, ReadableScope, Role, ScopeKind, ScopeName, TenantTx,
    in_words,
};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{ContextId, ScopeId, UserId};
use crate::name;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::members::{self, Member, NewMember};
use crate::tenancy::policies;

/// Maximum length of a description in characters.
const MAX_DESCRIPTION: usize = 2000;

/// A context as its members, and those with whom it is shared, see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Context {
    /// Its id.
    pub id: ContextId,
    /// The name of its scope in memory requests: `context:ctx_…`.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// Its purpose, possibly empty.
    pub description: String,
    /// The reader's role; null for somebody with whom it is shared.
    pub role: Option<Role>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A request to create a context.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewContext {
    /// Its name.
    pub name: String,
    /// Its purpose.
    #[serde(default)]
    pub description: String,
}

/// A change to a context.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextChange {
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new description.
    #[serde(default)]
    pub description: Option<String>,
}

/// Creates a context owned by the caller. Anyone with a role in the enterprise may.
pub async fn create(
    ctx: &AuthContext,
    db: &Database,
    new: NewContext,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Context>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    ctx.enterprise().map_err(|_| {
        Error::Forbidden(match ctx.within() {
            Some(_) => "this key is narrowed and cannot make contexts".to_owned(),
            None => "this needs a role somewhere in the enterprise".to_owned(),
        })
    })?;
    let name = name::checked(&new.name, "name")?;
    let description = checked(&new.description)?;
    let tx = ctx.begin(db, "context.create").await?;
    let made = idempotency::once(&tx, key, async {
        let id = ContextId::generate();
        let scope = store::insert(&tx, id, &name, description).await?;
        audit::record(&tx, Entry::new("context.create", id).within(scope)).await?;
        one(&tx, scope).await
    })
    .await?;
    tx.commit().await?;
    Ok(made)
}

/// Lists the contexts that the caller is a member of and those that are shared with them, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Context>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let query = QueryHash::of(&["contexts"]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let own: Vec<i64> = ctx
        .scopes()
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Context)
        .map(|scope| scope.id.0)
        .collect();
    let tx = ctx.begin(db, "context.list").await?;
    let mut results = store::list(&tx, &own, true, after, limit + 1).await?;
    audit::commit_read(tx, Entry::of("context.list")).await?;
    let next = Cursor::cut(&mut results, limit, &query, |context| Cursor {
        created_at: context.created_at,
        id: context.id.uuid(),
    });
    Ok(List { results, next })
}

/// Returns one context.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: ContextId) -> Result<Context> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let scope = ctx.context(id)?.id;
    let tx = ctx.begin(db, "context.lookup").await?;
    let context = one(&tx, scope).await?;
    audit::commit_read(tx, Entry::new("context.read", id).within(scope)).await?;
    Ok(context)
}

/// Adds a member, who sees everything in the context from then on. Refused if the caller's credential does not see all
/// of it, or if the new member needs somebody else's approval to see something in it that was not given when it was
/// pinned: the context must be shared with them first, which asks for it. They then see what that share shows: nothing
/// that its memories said before.
pub async fn add_member(
    ctx: &AuthContext,
    db: &Database,
    id: ContextId,
    new: NewMember,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Member>> {
    let scope = ctx.context(id)?;
    ctx.authorize_verb(Action::ManageMembers.verb())?;
    let tx = ctx.begin(db, "member.add").await?;
    let member = idempotency::once(&tx, key, async {
        check_reached(&tx, scope, &new).await?;
        let member = members::admit(&tx, scope, new).await?;
        store::hold(&tx, scope.id).await?;
        check_ceiling(&tx, ctx, scope.id).await?;
        if let Some(since) = check_agreed(&tx, scope.id, member.user_id).await? {
            store::limit_history(&tx, scope.id, member.user_id, since).await?;
        }
        Ok(member)
    })
    .await?;
    tx.commit().await?;
    Ok(member)
}

/// Refuses to show a context through a narrowed key to somebody beyond it, as for sharing. Whoever has joined already would
/// count as somebody who holds a role there.
async fn check_reached(tx: &TenantTx<'_>, scope: &ReadableScope, new: &NewMember) -> Result<()> {
    if tx.caller().within().is_none() {
        return Ok(());
    }
    tx.caller().authorize(Action::ManageMembers, scope)?;
    let email = new.email.as_ref().map(EmailAddress::as_str);
    match grantees::person(tx, new.user_id, email).await? {
        Some(person) => check_within(tx, tx.caller(), &person).await,
        None => Ok(()),
    }
}

/// If the name is that of a context, prevents anyone from joining or sharing it until the transaction ends. Call it
/// before locking a memory to be pinned, in the same order as deletion of a context.
pub(super) async fn keep(tx: &TenantTx<'_>, name: ScopeName) -> Result<()> {
    match tx.caller().resolve(name) {
        Ok(scope) if scope.kind == ScopeKind::Context => Ok(store::keep(tx, scope.id).await?),
        _ => Ok(()),
    }
}

/// Refuses to show a context to others through a credential that does not see everything in it.
pub(crate) async fn check_ceiling(tx: &TenantTx<'_>, caller: &AuthContext, scope: ScopeId) -> Result<()> {
    check_class(store::class(tx, scope).await?, caller)
}

/// The same for a context whose highest class is known.
pub(super) fn check_class(class: Classification, caller: &AuthContext) -> Result<()> {
    let ceiling = caller.ceiling();
    match class > ceiling {
        true => Err(Error::Forbidden(format!(
            "something in this context is {class}, and this credential reaches {ceiling} memories at most"
        ))),
        false => Ok(()),
    }
}

/// Refuses a person who needs somebody else's approval to see something in the context. Returns since when they have it,
/// if it is for the share of the context with them.
async fn check_agreed(tx: &TenantTx<'_>, scope: ScopeId, user: UserId) -> Result<Option<DateTime<Utc>>> {
    let found = grantees::person(tx, Some(user), None).await?;
    let person = found.ok_or(Error::NotFound { what: "user" })?;
    let all = store::agreed(tx, scope).await?;
    let homes: Vec<ScopeId> = all.iter().map(|agreed| agreed.of.home).collect();
    let known = policies::effective_of(tx, &homes).await?;
    let item = |agreed: Agreed| {
        let policy = known.get(&agreed.of.home)?.clone();
        let author = agreed.of.author.unwrap_or(tx.caller().user_id());
        Some((agreed.direction, Item { policy, class: agreed.of.class, author }))
    };
    let (agreed, items): (Vec<_>, Vec<_>) = all.into_iter().filter_map(item).unzip();
    let items = items.into_iter().map(|item| (item, &person)).collect();
    let reaches = Reach::of_each(tx, tx.caller(), items).await?;
    let asks = |(reach, agreed): (&Reach, Option<Direction>)| {
        reach.rule().is_some() && agreed < Some(reach.direction)
    };
    if !reaches.iter().zip(agreed).any(asks) {
        return Ok(None);
    }
    // What they see already, they see as a member.
    let since = store::agreed_since(tx, scope, person.scope).await?;
    if since.is_some() {
        return Ok(since);
    }
    let (name, _) = grantees::names(tx, person.scope).await?;
    Err(Error::Forbidden(format!(
        "somebody has to agree before {} may see what is in this context: share the context with them first, without an \
         end, which asks for that",
        in_words(name.as_deref(), &person.label)
    )))
}

/// Changes the name or description.
pub async fn change(
    ctx: &AuthContext,
    db: &Database,
    id: ContextId,
    change: ContextChange,
) -> Result<Context> {
    let scope = ctx.context(id)?;
    if change.name.is_none() && change.description.is_none() {
        return Err(Error::malformed("nothing to change, expected name, description or both"));
    }
    let name = change.name.as_deref().map(|text| name::checked(text, "name")).transpose()?;
    let description = change.description.as_deref().map(checked).transpose()?;
    ctx.authorize(Action::ChangeNode, scope)?;
    let tx = ctx.begin(db, "context.change").await?;
    store::update(&tx, id, name.as_deref(), description).await?;
    audit::record(&tx, Entry::new("context.change", id).within(scope.id)).await?;
    let context = one(&tx, scope.id).await?;
    tx.commit().await?;
    Ok(context)
}

/// Deletes a context in which no memory lives. Pinned memories are unpinned and stay in their homes.
pub async fn delete(ctx: &AuthContext, db: &Database, id: ContextId) -> Result<()> {
    let scope = ctx.context(id)?;
    ctx.authorize(Action::DeleteNode, scope)?;
    let scope = scope.id;
    let tx = ctx.begin(db, "context.delete").await?;
    store::hold(&tx, scope).await?;
    tx.ask_again().await?;
    let carried = store::carried(&tx, scope).await?;
    if carried.iter().any(|carried| carried.home == scope) {
        return Err(Error::Conflict("memories live in this context, delete them first".to_owned()));
    }
    let pinned = store::memories(&tx, scope).await?;
    store::unpin_all(&tx, scope).await?;
    shares::project(&tx, &pinned).await?;
    store::delete(&tx, scope).await?;
    let details = json!({ "unpinned": pinned.len() });
    audit::record(&tx, Entry::new("context.delete", id).within(scope).with(details)).await?;
    tx.commit().await?;
    Ok(())
}

async fn one(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Context> {
    store::list(tx, &[scope.0], false, None, 1).await?.pop().ok_or(Error::NotFound { what: "context" })
}

fn checked(description: &str) -> Result<&str> {
    if description.contains('\0') || description.chars().count() > MAX_DESCRIPTION {
        return Err(Error::invalid("description", format!("must be at most {MAX_DESCRIPTION} characters")));
    }
    Ok(description)
}
