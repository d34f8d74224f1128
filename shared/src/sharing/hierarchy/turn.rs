//! Where to look for what is seen at one level and at no nearer one.

use super::level::Level;
use crate::access::{AuthContext, ReadableScope, ScopeKind, ScopeName};
use crate::ids::{ContextId, ScopeId};
use crate::memory::seek::Area;
use crate::memory::{Homes, Memory, Scopes};

/// Where to look for memories that are seen at one level and at no nearer one.
pub(super) struct Turn {
    pub(super) level: Level,
    pub(super) scopes: Vec<ScopeName>,
    /// The ids of the same scopes.
    reach: Vec<ScopeId>,
    pub(super) homes: Homes,
}

/// How much there is at a level, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distance {
    Near,
    Middle,
    Far,
}

impl Turn {
    pub(super) fn distance(&self) -> Distance {
        match self.level {
            Level::Personal | Level::Shared | Level::Context | Level::Team => Distance::Near,
            Level::Division => Distance::Middle,
            Level::Organization | Level::Enterprise | Level::Public => Distance::Far,
        }
    }

    /// Where to search for this level by itself, one after the other. Its scopes first, though they also show memories of other
    /// levels: to look at the home of each candidate costs more.
    pub(super) fn areas(&self, per_level: u32) -> Vec<Area> {
        let of = |homes, top_k| Area { scopes: Scopes::Named(self.scopes.clone()), homes, top_k };
        let by_home = of(Some(self.homes.clone()), per_level);
        // The personal scope was searched before.
        if self.level == Level::Shared { vec![by_home] } else { vec![of(None, per_level * 2), by_home] }
    }

    /// The scopes of this level. What is shared by name has none: it is seen in the personal one.
    pub(super) fn searched<'a>(&self, ctx: &'a AuthContext) -> Vec<&'a ReadableScope> {
        match self.level {
            Level::Shared => Vec::new(),
            _ => ctx.scopes().iter().filter(|scope| self.reach.contains(&scope.id)).collect(),
        }
    }

    pub(super) fn holds_for(&self, ctx: &AuthContext, memory: &Memory) -> bool {
        let seen_in = |scopes: &[ScopeId]| memory.scopes.iter().any(|id| scopes.contains(id));
        let unless = self.homes.strangers_unless_in.as_ref();
        self.homes.among.contains(&memory.home)
            || (ctx.scope(memory.home).is_none()
                && unless.is_some_and(|unless| seen_in(&self.reach) && !seen_in(unless)))
    }
}

/// Returns the levels that the caller reads, from their own outwards. Memories shared with them are visible in their
/// personal scope, and live in no scope that they read.
pub(super) fn turns(ctx: &AuthContext) -> Vec<Turn> {
    let of = |level: Level| ctx.scopes().iter().filter(move |scope| Level::of(scope.kind) == level);
    let ids = |level| of(level).map(|scope| scope.id).collect::<Vec<_>>();
    let mut nearer: Vec<ScopeId> = Vec::new();
    let mut turns = Vec::new();
    for level in Level::ALL {
        let home = if level == Level::Shared { Level::Personal } else { level };
        let (scopes, reach) = (of(home).map(name).collect::<Vec<_>>(), ids(home));
        let homes = match level {
            Level::Personal => Homes { among: reach.clone(), strangers_unless_in: None },
            Level::Shared => Homes { among: Vec::new(), strangers_unless_in: Some(Vec::new()) },
            _ => Homes { among: reach.clone(), strangers_unless_in: Some(nearer.clone()) },
        };
        nearer.extend(ids(level));
        if !scopes.is_empty() {
            turns.push(Turn { level, scopes, reach, homes });
        }
    }
    turns
}

fn name(scope: &ReadableScope) -> ScopeName {
    match (scope.kind, scope.node) {
        (ScopeKind::User, _) => ScopeName::Personal,
        (ScopeKind::Enterprise, _) => ScopeName::Enterprise,
        (ScopeKind::Public, _) => ScopeName::Public,
        (ScopeKind::Context, Some(node)) => ScopeName::Context(ContextId(node.uuid())),
        (kind, Some(node)) => ScopeName::Node(kind, node),
        (_, None) => ScopeName::Enterprise,
    }
}
