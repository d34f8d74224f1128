//! Everything that a person sees, level by level, each memory once and with the reason.
//!
//! With a query, it is one search over everything they see, grouped afterwards; without, the newest memories of each
//! level.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::Share;
use super::access::{describe, describe_context, via};
use super::standing::Way;
use super::store::shares::{self, Wanted};
use crate::access::{AuthContext, ReadableScope, ScopeKind, ScopeName, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::duplicate::Fingerprint;
use crate::memory::filter::Filter;
use crate::memory::seek::{Area, Candidates, Part, Seek};
use crate::memory::{Degraded, Homes, Memories, Memory, Newest, Recall, Scopes};

/// Default number of memories per level.
pub const DEFAULT_PER_LEVEL: u32 = 10;
/// Maximum number of memories per level.
pub const MAX_PER_LEVEL: u32 = 100;

/// A request for the hierarchy.
#[derive(Debug, Clone)]
pub struct Hierarchical {
    /// The query to rank by; without one, the newest come first.
    pub query: Option<String>,
    /// Which memories to consider.
    pub filter: Filter,
    /// Maximum number of memories per level: 1 to [`MAX_PER_LEVEL`].
    pub per_level: u32,
    /// The minimum score, for a query.
    pub threshold: f32,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
}

/// Candidates of the near levels: most people have few more memories there, so that hardly a level needs a search of its own.
const NEAR: usize = 160;

/// A level, from the person's own outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The person's own memories.
    Personal,
    /// Memories shared with the person by name.
    Shared,
    /// Memories of contexts that the person is a member of.
    Context,
    /// Memories of teams.
    Team,
    /// Memories of divisions, departments and units.
    Division,
    /// Memories of organizations.
    Organization,
    /// Memories of the enterprise.
    Enterprise,
    /// Memories visible to everyone.
    Public,
}

impl Level {
    /// Every level, in the order of responses.
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

/// A memory with the reason why the person sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The memory.
    pub memory: Memory,
    /// How well it matches the query, if there was one.
    pub score: Option<f32>,
    /// The reason: `via team Alpha`, `shared with you by Ann until 1 May 2027`.
    pub reason: String,
}

/// Memories by level.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    /// The levels that are not empty, from the person's own outwards; within each, best or newest first.
    pub levels: Vec<(Level, Vec<Seen>)>,
    /// Set if memories were found by words alone.
    pub degraded: Option<Degraded>,
}

/// Returns what the caller sees, level by level.
pub async fn hierarchy(memories: &Memories, ctx: &AuthContext, request: Hierarchical) -> Result<Hierarchy> {
    if !(1..=MAX_PER_LEVEL).contains(&request.per_level) {
        let found = request.per_level;
        return Err(Error::invalid("per_level", format!("must be from 1 to {MAX_PER_LEVEL}, found {found}")));
    }
    if !(0.0..=1.0).contains(&request.threshold) {
        let found = request.threshold;
        return Err(Error::invalid("threshold", format!("must be from 0 to 1, found {found}")));
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
    let seen = found.into_iter().zip(places);
    let seen = seen.map(|((memory, score), (level, reason))| (level, Seen { memory, score, reason }));
    let levels = by_level(seen.collect(), request.per_level as usize);
    let seen = || levels.iter().flat_map(|(_, seen)| seen).map(|seen| &seen.memory);
    let shown = Entry::of(action).memories(seen().map(|memory| memory.id));
    audit::commit_read(tx, shown.classified(seen().map(|memory| memory.classification))).await?;
    Ok(Hierarchy { levels, degraded })
}

/// Groups memories by level, keeping the best or newest of each. A memory with the same text as one at a nearer level
/// is merged into it, with both reasons.
fn by_level(mut all: Vec<(Level, Seen)>, per_level: usize) -> Vec<(Level, Vec<Seen>)> {
    // Memories found through another level than their own are not sorted yet.
    all.sort_by(|(level, a), (other, b)| {
        let newest = || (b.memory.created_at, b.memory.id).cmp(&(a.memory.created_at, a.memory.id));
        let best = || b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal);
        level.cmp(other).then_with(best).then_with(newest)
    });
    let mut levels: Vec<(Level, Vec<Seen>)> = Vec::new();
    let mut said: HashMap<Fingerprint, (usize, usize)> = HashMap::new();
    for (level, seen) in all {
        if levels.last().is_none_or(|(last, _)| *last != level) {
            levels.push((level, Vec::new()));
        }
        let here = levels.len() - 1;
        let fingerprint = Fingerprint::of(&seen.memory.content);
        if let Some(&(level, place)) = said.get(&fingerprint) {
            let reason = &mut levels[level].1[place].reason;
            if !reason.split(", and ").any(|known| known == seen.reason) {
                reason.push_str(", and ");
                reason.push_str(&seen.reason);
            }
        } else if levels[here].1.len() < per_level {
            said.insert(fingerprint, (here, levels[here].1.len()));
            levels[here].1.push(seen);
        }
    }
    levels.retain(|(_, seen)| !seen.is_empty());
    levels
}

type Found = Vec<(Memory, Option<f32>)>;

/// Searches near levels together, divisions, and far levels together: far ones hold so much that hardly a near memory would be
/// among the candidates. Then searches each level by itself of which too little was found. Returns the transaction, in
/// which all results must still be recorded.
async fn ranked<'a>(
    memories: &'a Memories,
    ctx: &'a AuthContext,
    query: &str,
    request: &Hierarchical,
) -> Result<(TenantTx<'a>, Found, Option<Degraded>)> {
    let recall = Recall {
        filter: request.filter.clone(),
        scopes: Scopes::All,
        threshold: request.threshold,
        latest_only: request.latest_only,
        ..Recall::new(query)
    };
    let mut seek = memories.seek(ctx, &recall).await?;
    let mut found = Ranked::default();
    let turns = turns(ctx);
    for group in turns.chunk_by(|one, other| one.distance() == other.distance()) {
        let area = together(group, request.per_level);
        let candidates = match group[0].distance() {
            Distance::Near => Candidates::of_part(area.top_k).at_least(NEAR),
            Distance::Middle | Distance::Far => Candidates::of_part(area.top_k),
        };
        if !found.add(&mut seek, &area, candidates).await? {
            continue;
        }
        for turn in group {
            for area in turn.areas(request.per_level) {
                let enough = found.of(ctx, turn) >= request.per_level as usize;
                if enough || !found.add(&mut seek, &area, Candidates::of_part(area.top_k)).await? {
                    break;
                }
            }
        }
    }
    let (tx, degraded) = seek.finish().await?;
    Ok((tx, found.all, degraded))
}

/// What was found so far, each memory once.
#[derive(Default)]
struct Ranked {
    all: Found,
    known: HashSet<MemoryId>,
}

impl Ranked {
    /// Searches an area and returns whether there may be more in it.
    async fn add(&mut self, seek: &mut Seek<'_, '_>, area: &Area, candidates: Candidates) -> Result<bool> {
        let Part { found, more, .. } = seek.find(area, candidates).await?;
        let new = found.into_iter().filter(|found| self.known.insert(found.memory.id));
        self.all.extend(new.map(|found| (found.memory, Some(found.score))));
        Ok(more)
    }

    fn of(&self, ctx: &AuthContext, turn: &Turn) -> usize {
        self.all.iter().filter(|(memory, _)| turn.holds_for(ctx, memory)).count()
    }
}

/// The scopes of several levels.
fn together(turns: &[Turn], per_level: u32) -> Area {
    let mut scopes: Vec<ScopeName> = Vec::new();
    for turn in turns.iter().filter(|turn| turn.level != Level::Shared) {
        scopes.extend_from_slice(&turn.scopes);
    }
    let levels = u32::try_from(turns.len()).unwrap_or(u32::MAX);
    Area { scopes: Scopes::Named(scopes), homes: None, top_k: per_level.saturating_mul(levels) }
}

/// Returns the newest of each level; a memory that is visible at several levels occurs once.
async fn newest<'a>(
    memories: &'a Memories,
    ctx: &'a AuthContext,
    request: &Hierarchical,
) -> Result<(TenantTx<'a>, Found)> {
    let lists = turns(ctx).into_iter().map(|turn| Newest {
        scopes: Scopes::Named(turn.scopes),
        homes: turn.homes,
        most: request.per_level,
    });
    let (tx, found) = memories.newest(ctx, &request.filter, request.latest_only, lists.collect()).await?;
    Ok((tx, found.into_iter().map(|memory| (memory, None)).collect()))
}

/// Where to look for memories that are seen at one level and at no nearer one.
struct Turn {
    level: Level,
    scopes: Vec<ScopeName>,
    /// The ids of the same scopes.
    reach: Vec<ScopeId>,
    homes: Homes,
}

/// How much there is at a level, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    Near,
    Middle,
    Far,
}

impl Turn {
    fn distance(&self) -> Distance {
        match self.level {
            Level::Personal | Level::Shared | Level::Context | Level::Team => Distance::Near,
            Level::Division => Distance::Middle,
            Level::Organization | Level::Enterprise | Level::Public => Distance::Far,
        }
    }

    /// Where to search for this level by itself, one after the other. Its scopes first, though they also show memories of other
    /// levels: to look at the home of each candidate costs more.
    fn areas(&self, per_level: u32) -> Vec<Area> {
        let of = |homes, top_k| Area { scopes: Scopes::Named(self.scopes.clone()), homes, top_k };
        let by_home = of(Some(self.homes.clone()), per_level);
        // The personal scope was searched before.
        if self.level == Level::Shared { vec![by_home] } else { vec![of(None, per_level * 2), by_home] }
    }

    fn holds_for(&self, ctx: &AuthContext, memory: &Memory) -> bool {
        let seen_in = |scopes: &[ScopeId]| memory.scopes.iter().any(|id| scopes.contains(id));
        let unless = self.homes.strangers_unless_in.as_ref();
        self.homes.among.contains(&memory.home)
            || (ctx.scope(memory.home).is_none()
                && unless.is_some_and(|unless| seen_in(&self.reach) && !seen_in(unless)))
    }
}

/// Returns the levels that the caller reads, from their own outwards. Memories shared with them are visible in their
/// personal scope, and live in no scope that they read.
fn turns(ctx: &AuthContext) -> Vec<Turn> {
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

type Shares = HashMap<MemoryId, Vec<Share>>;

/// Returns those of the memories that are visible outside their homes.
fn elsewhere<'m>(found: impl Iterator<Item = &'m Memory>) -> Vec<MemoryId> {
    found.filter(|memory| memory.scopes.len() > 1).map(|memory| memory.id).collect()
}

/// Returns the live shares of these memories whose grantee is the caller or includes them.
async fn shares_in(tx: &TenantTx<'_>, ids: Vec<MemoryId>) -> Result<Shares> {
    let mut shares = Shares::new();
    let wanted = Wanted { memories: Some(ids), ..Wanted::default() };
    for share in shares::list(tx, &wanted, 10_000).await? {
        let Some(memory) = share.memory_id else { continue };
        if tx.caller().scope(share.grantee).is_some_and(|scope| !scope.is_lent()) {
            shares.entry(memory).or_default().push(share);
        }
    }
    Ok(shares)
}

/// Returns the level at which the caller sees each of these memories, and why, in a transaction that shows them.
pub(crate) async fn places<'m>(
    tx: &TenantTx<'_>,
    found: impl Iterator<Item = &'m Memory> + Clone,
) -> Result<Vec<(Level, String)>> {
    let ids = elsewhere(found.clone());
    let shares = if ids.is_empty() { Shares::new() } else { shares_in(tx, ids).await? };
    let carried = found
        .clone()
        .filter(|memory| home_of(tx.caller(), memory).is_none() && !shares.contains_key(&memory.id));
    let carried: Vec<MemoryId> = carried.map(|memory| memory.id).collect();
    let ways = match carried.is_empty() {
        true => Vec::new(),
        false => shares::ways(tx, &carried, Some(tx.caller())).await?,
    };
    let place_of = |memory: &Memory| {
        let shares: &[Share] = shares.get(&memory.id).map_or(&[], Vec::as_slice);
        place(tx.caller(), memory, shares, ways.iter().filter(|way| way.memory == memory.id))
    };
    Ok(found.map(place_of).collect())
}

/// Returns the home of a memory if the caller reads it by a role, or by being below it.
fn home_of<'a>(ctx: &'a AuthContext, memory: &Memory) -> Option<&'a ReadableScope> {
    ctx.scope(memory.home).filter(|home| !home.is_lent())
}

/// Returns the level at which somebody sees a memory, and why: through its home if they read that, else through the
/// nearest share of it, else through the nearest share of a context that contains it.
fn place<'a>(
    ctx: &AuthContext,
    memory: &Memory,
    shares: &[Share],
    ways: impl Iterator<Item = &'a Way>,
) -> (Level, String) {
    if let Some(home) = home_of(ctx, memory) {
        return (Level::of(home.kind), via(home.kind, home.name.as_deref()));
    }
    let nearest = shares.iter().filter_map(|share| Some((ctx.scope(share.grantee)?, share)));
    let nearest = nearest.min_by_key(|(scope, _)| (Level::of(scope.kind), scope.id));
    match nearest {
        Some((scope, share)) if scope.kind == ScopeKind::User => (Level::Shared, describe(ctx, share)),
        Some((scope, share)) => (Level::of(scope.kind), describe(ctx, share)),
        None => {
            let carried = ways.filter_map(|way| Some((ctx.scope(way.scope)?, way, way.context.as_ref()?)));
            match carried.min_by_key(|(scope, ..)| (Level::of(scope.kind), scope.id)) {
                Some((scope, way, context)) => {
                    let level =
                        if scope.kind == ScopeKind::User { Level::Shared } else { Level::of(scope.kind) };
                    (level, describe_context(ctx, way, context))
                }
                None => (Level::Shared, "in a context shared with you".to_owned()),
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
