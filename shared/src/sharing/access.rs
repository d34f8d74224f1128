//! Who can see a memory, and why; who can change it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::authority::Held;
use super::store::people;
use super::{Share, Subject};
use crate::access::{Action, ApiKeyVerb, AuthContext, Classification, Role, ScopeKind, policy};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::Result;
use crate::ids::{MemoryId, ShareId, UserId};
use crate::memory::Permission;

/// Most people that one answer names.
const MOST_PEOPLE: i64 = 200;

/// Who can see and change a memory.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// Which.
    pub memory_id: MemoryId,
    /// How far it may go.
    pub classification: Classification,
    /// What the caller may do, and why they see it.
    pub you: You,
    /// Every scope in which it can be seen that the caller may know of, its home first.
    pub seen_by: Vec<SeenBy>,
    /// Who can change it, in words.
    pub changed_by: Vec<String>,
    /// Those people by name, for who decides about it; null for others.
    pub people: Option<Vec<Person>>,
    /// Whether there are more people than are named.
    pub more_people: bool,
}

/// The caller.
#[derive(Debug, Clone, Serialize)]
pub struct You {
    /// Why they see it.
    pub because: Vec<String>,
    /// Whether they may change it.
    pub can_change: bool,
    /// Whether they may share it.
    pub can_share: bool,
}

/// A scope in which it can be seen.
#[derive(Debug, Clone, Serialize)]
pub struct SeenBy {
    /// As requests name it.
    pub scope: String,
    /// Its name, if the caller may know it.
    pub name: Option<String>,
    /// In words: `lives here`, `shared by usr_… until 1 May 2027`.
    pub because: String,
    /// What the share allows; null at home, where roles decide.
    pub permission: Option<Permission>,
    /// The share.
    pub share_id: Option<ShareId>,
    /// When it ends.
    pub until: Option<DateTime<Utc>>,
}

/// Somebody who sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// Who.
    pub user_id: UserId,
    /// Their name, possibly empty.
    pub name: String,
    /// Through which scopes, as requests name them.
    pub via: Vec<String>,
}

/// Who can see a memory and why, and who can change it.
pub async fn access(ctx: &AuthContext, db: &Database, id: MemoryId) -> Result<Access> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let tx = ctx.begin(db, "memory.access").await?;
    let held = Held::look(&tx, Subject::Memory(id)).await?;
    let decides = held.decides(&tx).await?;
    let shares: Vec<Share> = held.grants(&tx).await?;
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
    seen_by.extend(shares.iter().filter(shown).map(SeenBy::of));
    let by_role = home.is_some_and(|home| {
        let action = match held.author == Some(ctx.user_id()) {
            true => Action::EditOwnMemory,
            false => Action::EditAnyMemory,
        };
        policy::allows(action, home.kind, home.role)
    });
    let mine = shares.iter().filter(|share| ctx.scope(share.grantee).is_some());
    let granted = mine.clone().map(|share| share.permission).max();
    let mut because: Vec<String> =
        home.map(|home| via(home.kind, home.name.as_deref())).into_iter().collect();
    because.extend(mine.map(|share| describe(ctx, share)));
    let (people, more_people) = match decides {
        true => {
            let mut people = people::list(&tx, id, held.home, MOST_PEOPLE + 1).await?;
            let more = people.len() > MOST_PEOPLE as usize;
            people.truncate(MOST_PEOPLE as usize);
            (Some(people), more)
        }
        false => (None, false),
    };
    let you = You {
        because,
        can_change: ctx.authorize_verb(ApiKeyVerb::MemoriesWrite).is_ok()
            && (by_role || granted >= Some(Permission::Write)),
        can_share: held.authority(&tx).await.is_ok(),
    };
    let changed_by = changers(held.policy.kind, seen_by.first().filter(|_| home.is_some()), &shares);
    audit::commit_read(tx, Entry::new("memory.access", id).memories([id]).within(held.home)).await?;
    Ok(Access { memory_id: id, classification: held.class, you, seen_by, changed_by, people, more_people })
}

impl SeenBy {
    fn of(share: &Share) -> Self {
        Self {
            scope: share.with.clone(),
            name: share.with_name.clone(),
            because: format!("shared by {}{}", share.granted_by, until(share.expires_at)),
            permission: Some(share.permission),
            share_id: Some(share.id),
            until: share.expires_at,
        }
    }
}

/// ` until 1 May 2027`, or nothing.
pub(super) fn until(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(String::new, |at| format!(" until {}", at.format("%-d %B %Y")))
}

/// Why somebody sees what lives in a scope.
pub(super) fn via(kind: ScopeKind, name: Option<&str>) -> String {
    match (kind, name) {
        (ScopeKind::User, _) => "your own".to_owned(),
        (ScopeKind::Enterprise, _) => "via the enterprise".to_owned(),
        (ScopeKind::Public, _) => "public to everyone".to_owned(),
        (kind, Some(name)) => format!("via {kind} {name}"),
        (kind, None) => format!("via a {kind}"),
    }
}

/// Why somebody sees what was shared.
pub(super) fn describe(ctx: &AuthContext, share: &Share) -> String {
    let by = if share.granted_by == ctx.user_id() { "you".to_owned() } else { share.granted_by.to_string() };
    let with = match ctx.scope(share.grantee) {
        Some(scope) if scope.kind == ScopeKind::User => "you".to_owned(),
        Some(scope) => {
            scope.name.clone().map_or_else(|| scope.label(), |name| format!("{} {name}", scope.kind))
        }
        None => share.with.clone(),
    };
    format!("shared with {with} by {by}{}", until(share.expires_at))
}

/// Who can change it, by the policy and by shares, in words.
fn changers(kind: ScopeKind, home: Option<&SeenBy>, shares: &[Share]) -> Vec<String> {
    let scope = home.map_or_else(|| format!("the {kind} where it lives"), |home| home.scope.clone());
    let mut words = match kind {
        ScopeKind::User => vec!["its owner".to_owned()],
        _ => {
            let least = match policy::requirement(Action::EditAnyMemory, kind) {
                policy::Requirement::AtLeast(role) => role,
                _ => Role::Owner,
            };
            vec![
                format!("its author, as a member of {scope}"),
                format!("whoever is {least} or above on {scope}"),
            ]
        }
    };
    words.extend(shares.iter().filter(|share| share.permission >= Permission::Write).map(|share| {
        format!("{}, as shared by {}{}", share.with, share.granted_by, until(share.expires_at))
    }));
    words
}
