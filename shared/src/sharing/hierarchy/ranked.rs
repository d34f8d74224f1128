//! The best memories of each level.

use std::collections::HashSet;

use super::level::Level;
use super::turn::{self, Distance, Turn};
use super::{Found, Hierarchical};
use crate::access::{AuthContext, ScopeName, TenantTx};
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::seek::{Area, Candidates, Part, Seek};
use crate::memory::{Degraded, Memories, Recall, Scopes};

/// Candidates of the near levels: most people have few more memories there, so that hardly a level needs a search of its own.
const NEAR: usize = 160;

/// Searches near levels together, divisions, and far levels together: far ones hold so much that hardly a near memory would be
/// among the candidates. Then searches each level by itself of which too little was found. Returns the transaction, in
/// which all results must still be recorded.
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
    let turns = turn::turns(ctx);
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
