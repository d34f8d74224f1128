//! Everything that somebody sees, level by level, each memory once and with the reason.
//!
//! With a query it is one search over all that they can see, taken apart afterwards; without, the newest of each level.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::Share;
use super::access::{describe, via};
use super::store::shares::{self, Wanted};
use crate::access::{AuthContext, ReadableScope, ScopeKind, ScopeName, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::filter::Filter;
use crate::memory::{Degraded, MAX_TOP_K, Memories, Memory, Newest, Recall, Recollection, Scopes, Sought};

/// Memories of one level when the request does not say.
pub const DEFAULT_PER_LEVEL: u32 = 10;
/// Most memories of one level.
pub const MAX_PER_LEVEL: u32 = 100;

/// What to look for, and how much of it.
#[derive(Debug, Clone)]
pub struct Hierarchical {
    /// What to rank by; the newest first without one.
    pub query: Option<String>,
    /// Which memories come into question.
    pub filter: Filter,
    /// How many of each level at most: 1 to [`MAX_PER_LEVEL`].
    pub per_level: u32,
    /// The least score, for a query.
    pub threshold: f32,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
}

/// A level, from one's own outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One's own.
    Personal,
    /// What somebody shared with one by name.
    Shared,
    /// Of contexts that one is a member of.
    Context,
    /// Of teams.
    Team,
    /// Of divisions, departments and units.
    Division,
    /// Of organizations.
    Organization,
    /// Of the enterprise.
    Enterprise,
    /// Of everyone.
    Public,
}

impl Level {
    /// Every level, in the order of answers.
    pub const ALL: [Self; 8] = [
        Self::Personal,
        Self::Shared,
        Self::Context,
        Self::Team,
        Self::Division,
        Self::Organization,
        Self::Enterprise,
        Self::Public,
    ];

    fn of(kind: ScopeKind) -> Self {
        match kind {
            ScopeKind::User => Self::Personal,
            ScopeKind::Context => Self::Context,
            ScopeKind::Team => Self::Team,
            ScopeKind::Unit | ScopeKind::Department | ScopeKind::Division => Self::Division,
            ScopeKind::Organization => Self::Organization,
            ScopeKind::Enterprise => Self::Enterprise,
            ScopeKind::Public => Self::Public,
        }
    }
}

/// A memory with the reason why it is seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// It.
    pub memory: Memory,
    /// How well it answers, if something was asked.
    pub score: Option<f32>,
    /// `via team Alpha`, `shared with you by usr_… until 1 May 2027`.
    pub reason: String,
}

/// Everything, level by level.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    /// Levels that have any, from one's own outwards; best or newest first within each.
    pub levels: Vec<(Level, Vec<Seen>)>,
    /// Set if a query was answered by words alone.
    pub degraded: Option<Degraded>,
}

/// What the caller sees, level by level.
pub async fn hierarchy(memories: &Memories, ctx: &AuthContext, request: Hierarchical) -> Result<Hierarchy> {
    if !(1..=MAX_PER_LEVEL).contains(&request.per_level) {
        let found = request.per_level;
        return Err(Error::invalid("per_level", format!("must be from 1 to {MAX_PER_LEVEL}, found {found}")));
    }
    let (tx, action, found, degraded) = match &request.query {
        Some(query) => {
            let (tx, found, degraded) = ranked(memories, ctx, query, &request).await?;
            (tx, "memory.search", found, degraded)
        }
        None => {
            let (tx, found) = newest(memories, ctx, &request).await?;
            (tx, "memory.list", found, None)
        }
    };
    let places = places(&tx, found.iter().map(|(memory, _)| memory)).await?;
    let mut levels: HashMap<Level, Vec<Seen>> = HashMap::new();
    for ((memory, score), (level, reason)) in found.into_iter().zip(places) {
        levels.entry(level).or_default().push(Seen { memory, score, reason });
    }
    for seen in levels.values_mut() {
        // What came by another level than its own is in no order yet.
        seen.sort_by(|a, b| {
            let newest = || (b.memory.created_at, b.memory.id).cmp(&(a.memory.created_at, a.memory.id));
            b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal).then_with(newest)
        });
        seen.truncate(request.per_level as usize);
    }
    let levels: Vec<(Level, Vec<Seen>)> =
        Level::ALL.into_iter().filter_map(|level| Some((level, levels.remove(&level)?))).collect();
    let seen = || levels.iter().flat_map(|(_, seen)| seen).map(|seen| &seen.memory);
    let shown = Entry::of(action).memories(seen().map(|memory| memory.id));
    audit::commit_read(tx, shown.classified(seen().map(|memory| memory.classification))).await?;
    Ok(Hierarchy { levels, degraded })
}

type Found = Vec<(Memory, Option<f32>)>;

/// One search over everything; and where that was cut off, one of each level of which there may be more. In the transaction of
/// the last, in which all of it is still to be recorded.
async fn ranked<'a>(
    memories: &'a Memories,
    ctx: &'a AuthContext,
    query: &str,
    request: &Hierarchical,
) -> Result<(TenantTx<'a>, Found, Option<Degraded>)> {
    let levels = u32::try_from(Level::ALL.len()).unwrap_or(u32::MAX);
    let most = request.per_level.saturating_mul(levels).min(MAX_TOP_K);
    let recall = |scopes, top_k| Recall {
        filter: request.filter.clone(),
        scopes,
        top_k,
        threshold: request.threshold,
        latest_only: request.latest_only,
        ..Recall::new(query)
    };
    let Sought { mut tx, recollection, .. } = memories.seek(ctx, &recall(Scopes::All, most)).await?;
    let Recollection { found, degraded } = recollection;
    let cut_off = found.len() >= most as usize;
    let mut found: Found = found.into_iter().map(|found| (found.memory, Some(found.score))).collect();
    if cut_off {
        let mut known: HashSet<MemoryId> = found.iter().map(|(memory, _)| memory.id).collect();
        for (level, scopes) in scopes_by_level(ctx) {
            // One's own scope also has what was shared with one, which is a level of its own.
            let here = |memory: &Memory| match level {
                Level::Personal => level_of(ctx, memory.home) == Some(level),
                _ => memory.scopes.iter().any(|id| level_of(ctx, *id) == Some(level)),
            };
            let mut top_k = request.per_level;
            while found.iter().filter(|(memory, _)| here(memory)).count() < request.per_level as usize {
                // One after the other: a function has one connection.
                drop(tx);
                let sought = memories.seek(ctx, &recall(Scopes::Named(scopes.clone()), top_k)).await?;
                tx = sought.tx;
                let more = sought.recollection.found;
                let all = more.len() < top_k as usize || top_k >= MAX_TOP_K;
                let new = more.into_iter().filter(|found| known.insert(found.memory.id));
                found.extend(new.map(|found| (found.memory, Some(found.score))).collect::<Vec<_>>());
                if all || level != Level::Personal {
                    break;
                }
                top_k = top_k.saturating_mul(4).min(MAX_TOP_K);
            }
        }
    }
    Ok((tx, found, degraded))
}

/// The newest of each level; a memory that is seen at several is there once.
async fn newest<'a>(
    memories: &'a Memories,
    ctx: &'a AuthContext,
    request: &Hierarchical,
) -> Result<(TenantTx<'a>, Found)> {
    let lists = scopes_by_level(ctx).into_iter().map(|(level, scopes)| {
        // One's own scope also has what was shared with one, which is a level of its own.
        let and_shared = level == Level::Personal;
        Newest { scopes: Scopes::Named(scopes), most: request.per_level, and_shared }
    });
    let (tx, found) = memories.newest(ctx, &request.filter, request.latest_only, lists.collect()).await?;
    Ok((tx, found.into_iter().map(|memory| (memory, None)).collect()))
}

/// What the caller reads, from their own outwards.
fn scopes_by_level(ctx: &AuthContext) -> Vec<(Level, Vec<ScopeName>)> {
    let mut by_level: HashMap<Level, Vec<ScopeName>> = HashMap::new();
    for scope in ctx.scopes() {
        by_level.entry(Level::of(scope.kind)).or_default().push(name(scope));
    }
    Level::ALL.into_iter().filter_map(|level| Some((level, by_level.remove(&level)?))).collect()
}

fn level_of(ctx: &AuthContext, scope: ScopeId) -> Option<Level> {
    ctx.scope(scope).map(|scope| Level::of(scope.kind))
}

type Shares = HashMap<MemoryId, Vec<Share>>;

/// Which of these are seen elsewhere than at home.
fn elsewhere<'m>(found: impl Iterator<Item = &'m Memory>) -> Vec<MemoryId> {
    found.filter(|memory| memory.scopes.len() > 1).map(|memory| memory.id).collect()
}

/// The live shares of these with whom the caller is or belongs to.
async fn shares_in(tx: &TenantTx<'_>, ids: Vec<MemoryId>) -> Result<Shares> {
    let mut shares = Shares::new();
    let wanted = Wanted { memories: Some(ids), ..Wanted::default() };
    for share in shares::list(tx, &wanted, 10_000).await? {
        let Some(memory) = share.memory_id else { continue };
        if tx.caller().scope(share.grantee).is_some() {
            shares.entry(memory).or_default().push(share);
        }
    }
    Ok(shares)
}

/// At which level the caller sees each of these, and why, in a transaction that shows them.
pub(crate) async fn places<'m>(
    tx: &TenantTx<'_>,
    found: impl Iterator<Item = &'m Memory> + Clone,
) -> Result<Vec<(Level, String)>> {
    let ids = elsewhere(found.clone());
    let shares = if ids.is_empty() { Shares::new() } else { shares_in(tx, ids).await? };
    let place_of =
        |memory: &Memory| place(tx.caller(), memory, shares.get(&memory.id).map_or(&[], Vec::as_slice));
    Ok(found.map(place_of).collect())
}

/// At which level somebody sees a memory, and why: where it lives if they read that, else through the nearest share.
fn place(ctx: &AuthContext, memory: &Memory, shares: &[Share]) -> (Level, String) {
    if let Some(home) = ctx.scope(memory.home) {
        return (Level::of(home.kind), via(home.kind, home.name.as_deref()));
    }
    let nearest = shares.iter().filter_map(|share| Some((ctx.scope(share.grantee)?, share)));
    let nearest = nearest.min_by_key(|(scope, _)| (Level::of(scope.kind), scope.id));
    match nearest {
        Some((scope, share)) if scope.kind == ScopeKind::User => (Level::Shared, describe(ctx, share)),
        Some((scope, share)) => (Level::of(scope.kind), describe(ctx, share)),
        // Through a context that was shared.
        None => {
            let scope =
                memory.scopes.iter().filter_map(|id| ctx.scope(*id)).min_by_key(|it| Level::of(it.kind));
            match scope {
                Some(scope) if scope.kind != ScopeKind::User => {
                    (Level::of(scope.kind), format!("in a context shared with {}", scope.label()))
                }
                _ => (Level::Shared, "in a context shared with you".to_owned()),
            }
        }
    }
}

fn name(scope: &ReadableScope) -> ScopeName {
    match (scope.kind, scope.node) {
        (ScopeKind::User, _) => ScopeName::Personal,
        (ScopeKind::Enterprise, _) => ScopeName::Enterprise,
        (ScopeKind::Public, _) => ScopeName::Public,
        (ScopeKind::Context, Some(node)) => ScopeName::Context(crate::ids::ContextId(node.uuid())),
        (kind, Some(node)) => ScopeName::Node(kind, node),
        (_, None) => ScopeName::Enterprise,
    }
}
