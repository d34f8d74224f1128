//! Who can see a memory, and why, and who can change it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::authority::Held;
use super::standing::{InContext, Way};
use super::store::links::Opening;
use super::store::{links, people, shares};
use super::{Share, Subject};
use crate::access::{Action, ApiKeyVerb, AuthContext, Classification, Role, ScopeKind, in_words, policy};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;
use crate::page::{Cursor, QueryHash};

/// Who can see and change a memory.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// The memory's id.
    pub memory_id: MemoryId,
    /// Its class.
    pub classification: Classification,
    /// What the caller may do, and why they see it.
    pub you: You,
    /// Every scope in which the memory is visible and that the caller may know of, its home first. Includes links to
    /// the memory if the caller decides about it.
    pub seen_by: Vec<SeenBy>,
    /// Who can change it, in words.
    pub changed_by: Vec<String>,
    /// One page of all those people by name, oldest accounts first, if the caller decides about the memory; null
    /// otherwise.
    pub people: Option<Vec<Person>>,
    /// The cursor of the next page; null after the last.
    pub next: Option<String>,
}

/// The caller's own access.
#[derive(Debug, Clone, Serialize)]
pub struct You {
    /// Why they see it.
    pub because: Vec<String>,
    /// Whether they may change it.
    pub can_change: bool,
    /// Whether they may share it.
    pub can_share: bool,
}

/// A scope in which the memory is visible.
#[derive(Debug, Clone, Serialize)]
pub struct SeenBy {
    /// The scope as requests name it; `link` for anyone who has a link to the memory.
    pub scope: String,
    /// The scope's name, if the caller may know it.
    pub name: Option<String>,
    /// The reason in words: `lives here`, `shared by Ann until 1 May 2027`.
    pub because: String,
    /// The permission that the share grants; null at home, where roles decide.
    pub permission: Option<Permission>,
    /// The id of the share.
    pub share_id: Option<ShareId>,
    /// When the share ends.
    pub until: Option<DateTime<Utc>>,
}

/// A person who sees the memory.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// The person's id.
    pub user_id: UserId,
    /// Their display name, possibly empty.
    pub name: String,
    /// The scopes through which they see it, as requests name them; its home comes first.
    pub via: Vec<String>,
    /// The names of those scopes, in the same order; null where there is none, or the caller does not see the scope.
    pub via_names: Vec<Option<String>>,
    /// Whether they may change it, by a role or a share.
    pub can_change: bool,
}

/// Returns who can see a memory and why, and who can change it; the people are paginated.
pub async fn access(
    ctx: &AuthContext,
    db: &Database,
    id: MemoryId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Access> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let query = QueryHash::of(&["access", &id.to_string()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "memory.access").await?;
    let held = Held::look(&tx, Subject::Memory(id)).await?;
    let decides = held.decides(&tx).await?;
    let own: Vec<Share> = held.grants(&tx).await?;
    let shown =
        |share: &&Share| decides || share.granted_by == ctx.user_id() || ctx.scope(share.grantee).is_some();
    let home = ctx.scope(held.home);
    let mut seen_by = Vec::new();
    if let Some(home) = home {
        seen_by.push(SeenBy {
            scope: home.label(),
            name: home.name.clone(),
            because: "it lives here".to_owned(),
            permission: None,
            share_id: None,
            until: None,
        });
    }
    seen_by.extend(own.iter().filter(shown).map(SeenBy::of));
    // Also shares of the contexts that contain it.
    let ways = shares::ways(&tx, id, (!decides).then_some(ctx)).await?;
    let carried = ways.iter().filter_map(|way| Some((way, way.context.as_ref()?)));
    seen_by.extend(carried.clone().map(|(way, context)| SeenBy::in_context(ctx, way, context)));
    if decides {
        seen_by.extend(links::opening(&tx, id).await?.iter().map(SeenBy::by_link));
    }
    let by_role = home.is_some_and(|home| {
        let action = match held.author == Some(ctx.user_id()) {
            true => Action::EditOwnMemory,
            false => Action::EditAnyMemory,
        };
        policy::allows(action, home.kind, home.role)
    });
    let mine = own.iter().filter(|share| ctx.scope(share.grantee).is_some());
    let granted = ways.iter().filter(|way| ctx.scope(way.scope).is_some()).map(|way| way.permission).max();
    let mut because: Vec<String> =
        home.map(|home| via(home.kind, home.name.as_deref())).into_iter().collect();
    because.extend(mine.map(|share| describe(ctx, share)));
    let reaching = carried.clone().filter(|(way, _)| ctx.scope(way.scope).is_some());
    because.extend(reaching.map(|(way, context)| describe_context(ctx, way, context)));
    let (people, next) = match decides {
        true => {
            let most = i32::try_from(limit).unwrap_or(i32::MAX - 1) + 1;
            let mut people = people::list(&tx, id, after, most).await?;
            let next = Cursor::cut(&mut people, limit, &query, |(created_at, person)| Cursor {
                created_at: *created_at,
                id: person.user_id.uuid(),
            });
            (Some(people.into_iter().map(|(_, person)| person).collect()), next)
        }
        false => (None, None),
    };
    let you = You {
        because,
        can_change: ctx.authorize_verb(ApiKeyVerb::MemoriesWrite).is_ok()
            && (by_role || granted >= Some(Permission::Write)),
        can_share: held.authority(&tx).await.is_ok(),
    };
    let mut changed_by =
        changers(held.policy.kind, seen_by.first().filter(|_| home.is_some()), own.iter().filter(shown));
    let writing = carried.filter(|(way, _)| way.permission >= Permission::Write);
    changed_by.extend(writing.map(|(way, context)| changer_in_context(ctx, way, context)));
    audit::commit_read(tx, Entry::new("memory.access", id).memories([id]).within(held.home)).await?;
    Ok(Access { memory_id: id, classification: held.class, you, seen_by, changed_by, people, next })
}

impl SeenBy {
    fn of(share: &Share) -> Self {
        Self {
            scope: share.with.clone(),
            name: share.with_name.clone(),
            because: format!("shared by {}{}", share.by(), until(share.expires_at)),
            permission: Some(share.permission),
            share_id: Some(share.id),
            until: share.expires_at,
        }
    }

    fn by_link(link: &Opening) -> Self {
        let to = if link.in_context { "a link to a context that it is in" } else { "a link to it" };
        Self {
            scope: "link".to_owned(),
            name: None,
            because: format!("{to} by {}{}", link.by, until(link.expires_at)),
            permission: Some(Permission::Read),
            share_id: None,
            until: link.expires_at,
        }
    }

    fn in_context(ctx: &AuthContext, way: &Way, context: &InContext) -> Self {
        let what = match way.known_in(ctx, context) {
            true => format!("in the context {},", context.name),
            false => "in a context".to_owned(),
        };
        Self {
            scope: way.with.clone(),
            name: way.name_for(ctx).map(str::to_owned),
            because: format!("{what} shared by {}{}", way.by(), until(way.until)),
            permission: Some(way.permission),
            share_id: Some(way.share),
            until: way.until,
        }
    }
}

/// Formats the end of a share: ` until 1 May 2027`, or nothing.
pub(super) fn until(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(String::new, |at| format!(" until {}", at.format("%-d %B %Y")))
}

/// Returns why somebody sees what lives in a scope.
pub(super) fn via(kind: ScopeKind, name: Option<&str>) -> String {
    match (kind, name) {
        (ScopeKind::User, _) => "your own".to_owned(),
        (ScopeKind::Enterprise, _) => "via the enterprise".to_owned(),
        (ScopeKind::Public, _) => "public to everyone".to_owned(),
        (kind, Some(name)) => format!("via {kind} {name}"),
        (kind, None) => format!("via a {kind}"),
    }
}

/// Returns why somebody sees what was shared.
pub(super) fn describe(ctx: &AuthContext, share: &Share) -> String {
    let by = if share.granted_by == ctx.user_id() { "you".to_owned() } else { share.by() };
    let with = recipient(ctx, share.grantee, &share.with);
    format!("shared with {with} by {by}{}", until(share.expires_at))
}

/// Returns why somebody sees what was shared in this way.
pub(super) fn describe_way(ctx: &AuthContext, way: &Way) -> String {
    match &way.context {
        Some(context) => describe_context(ctx, way, context),
        None => {
            let by = if way.granted_by == ctx.user_id() { "you".to_owned() } else { way.by() };
            format!("shared with {} by {by}{}", recipient(ctx, way.scope, &way.with), until(way.until))
        }
    }
}

/// Returns why somebody sees what is in a context that was shared.
pub(super) fn describe_context(ctx: &AuthContext, way: &Way, context: &InContext) -> String {
    let by = if way.granted_by == ctx.user_id() { "you".to_owned() } else { way.by() };
    let with = recipient(ctx, way.scope, &way.with);
    format!("in the context {}, shared with {with} by {by}{}", context.name, until(way.until))
}

/// Returns the recipient of a share: `you`, `team Alpha`.
fn recipient(ctx: &AuthContext, grantee: ScopeId, label: &str) -> String {
    match ctx.scope(grantee) {
        Some(scope) if scope.kind == ScopeKind::User => "you".to_owned(),
        Some(scope) => {
            scope.name.clone().map_or_else(|| scope.label(), |name| format!("{} {name}", scope.kind))
        }
        None => label.to_owned(),
    }
}

/// Returns who can change it because a context that it lives in is shared with them, in words.
fn changer_in_context(ctx: &AuthContext, way: &Way, context: &InContext) -> String {
    let what = match way.known_in(ctx, context) {
        true => format!("the context {}", context.name),
        false => "a context".to_owned(),
    };
    let with = in_words(way.name_for(ctx), &way.with);
    format!("{with}, with {what}, as shared by {}{}", way.by(), until(way.until))
}

/// Returns who can change it by role and by shares, in words.
fn changers<'a>(
    kind: ScopeKind,
    home: Option<&SeenBy>,
    shares: impl Iterator<Item = &'a Share>,
) -> Vec<String> {
    let scope = home.map_or_else(
        || format!("the {kind} where it lives"),
        |home| in_words(home.name.as_deref(), &home.scope),
    );
    let mut words = match kind {
        ScopeKind::User => vec!["its owner".to_owned()],
        _ => {
            let least = match policy::requirement(Action::EditAnyMemory, kind) {
                policy::Requirement::AtLeast(role) => role,
                _ => Role::Owner,
            };
            vec![
                format!("its author, as a member of {scope}"),
                format!("those who hold the role {least} or above on {scope}"),
            ]
        }
    };
    words.extend(shares.filter(|share| share.permission >= Permission::Write).map(|share| {
        let with = in_words(share.with_name.as_deref(), &share.with);
        format!("{with}, as shared by {}{}", share.by(), until(share.expires_at))
    }));
    words
}
