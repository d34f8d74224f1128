//! The best memories of each level.

use std::collections::HashSet;

use super::level::Level;
use super::turn::{self, Distance, Turn};
use super::{Found, Hierarchical};
use crate::access::{AuthContext, ScopeKind, ScopeName, TenantTx};
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::seek::{Area, Candidates, Levels, OfLevel, Part, Seek};
use crate::memory::{Degraded, Memories, Recall, Recalled, Scopes};

/// Candidates of the near levels: most people have few more memories there, so that hardly a level needs a search of its own.
const NEAR: usize = 160;

/// Searches all levels at once, then those again of which too little was found. Returns the transaction, in which all results
/// must still be recorded.
pub(super) async fn ranked<'a>(
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
    let mut turns = turn::turns(ctx);
    if !seek.is_selective() {
        let mut ends = Vec::new();
        for OfLevel { found: here, more, sparse } in
            seek.levels(&levels(ctx, &turns), request.per_level).await?
        {
            found.take(here);
            ends.push((more, sparse));
        }
        let unfinished = |(turn, (more, sparse)): &(Turn, (bool, bool))| {
            *more && (*sparse || found.of(ctx, turn) < request.per_level as usize)
        };
        turns = turns.into_iter().zip(ends).filter(unfinished).map(|(turn, _)| turn).collect();
    }
    for group in turns.chunk_by(|one, other| one.distance() == other.distance()) {
        found.search(&mut seek, ctx, group, request.per_level).await?;
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
    /// Searches levels of the same distance together, and then each by itself of which too little was found.
    async fn search(
        &mut self,
        seek: &mut Seek<'_, '_>,
        ctx: &AuthContext,
        group: &[Turn],
        per_level: u32,
    ) -> Result<()> {
        if group.len() > 1 {
            let area = together(group, per_level);
            let candidates = match group[0].distance() {
                Distance::Near => Candidates::of_part(area.top_k).at_least(NEAR),
                Distance::Middle | Distance::Far => Candidates::of_part(area.top_k),
            };
            if !self.add(seek, &area, candidates).await? {
                return Ok(());
            }
        }
        for turn in group {
            for area in turn.areas(per_level) {
                let enough = self.of(ctx, turn) >= per_level as usize;
                if enough || !self.add(seek, &area, Candidates::of_part(area.top_k)).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Searches an area and returns whether there may be more in it.
    async fn add(&mut self, seek: &mut Seek<'_, '_>, area: &Area, candidates: Candidates) -> Result<bool> {
        let Part { found, more, .. } = seek.find(area, candidates).await?;
        self.take(found);
        Ok(more)
    }

    fn take(&mut self, found: Vec<Recalled>) {
        let new = found.into_iter().filter(|found| self.known.insert(found.memory.id));
        self.all.extend(new.map(|found| (found.memory, Some(found.score))));
    }

    fn of(&self, ctx: &AuthContext, turn: &Turn) -> usize {
        self.all.iter().filter(|(memory, _)| turn.holds_for(ctx, memory)).count()
    }
}

/// What is searched at each of these levels.
fn levels<'a>(ctx: &'a AuthContext, turns: &[Turn]) -> Levels<'a> {
    let lent = turns.iter().position(|turn| turn.level == Level::Shared);
    let own = ctx.scopes().iter().find(|scope| scope.kind == ScopeKind::User);
    Levels {
        scopes: turns.iter().map(|turn| turn.searched(ctx)).collect(),
        lent: own.zip(lent).map(|(own, level)| (own.id, level)),
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
