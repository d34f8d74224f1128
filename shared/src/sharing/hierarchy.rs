//! Everything that a person sees, level by level, each memory once and with the reason.
//!
//! With a query, it is the best memories of each level; without, the newest.

mod level;
mod place;
mod ranked;
mod turn;

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::access::{AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::memory::duplicate::Fingerprint;
use crate::memory::filter::Filter;
use crate::memory::{Degraded, Memories, Memory, Newest, Scopes};
pub use level::Level;
pub(crate) use place::places;
use ranked::ranked;
use turn::turns;

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
