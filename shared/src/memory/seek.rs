//! Finding memories that answer a query: in one transaction, with one embedding, in one or more areas.
//!
//! If few memories can match, all of them are read, under row-level security and the caller's filter, and each is a
//! candidate. Otherwise the projection finds candidates by meaning and by words. The memories themselves are then read
//! in the same way, along with memories captured beside the best of them. If the filter leaves too few of the
//! candidates, the search is repeated among exactly those memories that match it. [`super::ranking`] orders the result.

mod levels;

use std::collections::HashSet;
use std::time::Instant;

use crate::access::{Action, AuthContext, PendingTx, ReadableScope, SearchTier, TenantTx};
use crate::embedding::{Embedding, Purpose};
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::blocks::Blocks;
use crate::memory::compare::{Compared, compare};
use crate::memory::crowds::{Crowds, Kind};
use crate::memory::filter::Filter;
use crate::memory::ranking::{self, Question};
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::store::few;
pub(crate) use crate::memory::store::levels::Levels;
use crate::memory::store::search::{self, Found, Pool, Query};
use crate::memory::{Degraded, Homes, Memories, Recall, Recalled, Scopes};
pub(crate) use levels::OfLevel;

/// Minimum number of ranked candidates; this many are found by their words, and fewer than half as many by their
/// meaning (ADR 5).
const POOL: usize = 96;
/// The same for one of several areas that share a page.
const POOL_OF_PART: usize = 48;
/// The same for one of several levels, and how many of them by their meaning.
const POOL_OF_LEVEL: usize = 36;
const NEAREST_OF_LEVEL: usize = 20;
/// Candidates per arm when a filter matches few of the nearest memories but too many overall to search among them.
const WIDE: usize = 1000;

/// Maximum number of scopes that may have few memories in all: looking them up is worth it.
const FEW_SCOPES: usize = 200;

/// Where to search, and how many results to return.
#[derive(Debug, Clone)]
pub(crate) struct Area {
    pub(crate) scopes: Scopes,
    /// The scopes in which the memories must live, if restricted.
    pub(crate) homes: Option<Homes>,
    /// The maximum number of results.
    pub(crate) top_k: u32,
}

impl Area {
    /// Where a request wants to search.
    pub(super) fn of(request: &Recall) -> Self {
        Self { scopes: request.scopes.clone(), homes: None, top_k: request.top_k }
    }
}

/// How many candidates to rank: enough that a larger pool finds no more, and 1.5 times the page size for a large page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidates {
    /// In all, and by their words.
    pool: usize,
    /// By their meaning alone: 40 of 96. With 32, a memory that shares no word with the query ranks first less often.
    nearest: usize,
}

impl Candidates {
    /// For a request that searches one area.
    pub(super) fn of(request: &Recall) -> Self {
        let page = page(request.top_k);
        let pool = page.max(POOL) * if request.rerank { 2 } else { 1 };
        Self { pool, nearest: (pool * 5 / 12).max(page) }
    }

    /// For one of several areas.
    pub(crate) fn of_part(top_k: u32) -> Self {
        let page = page(top_k);
        let pool = page.max(POOL_OF_PART);
        Self { pool, nearest: (pool * 5 / 12).max(page) }
    }

    /// For each of several levels.
    fn of_level(per_level: u32) -> Self {
        let page = page(per_level);
        Self { pool: page.max(POOL_OF_LEVEL), nearest: page.max(NEAREST_OF_LEVEL) }
    }

    /// At least so many, by each of the two.
    pub(crate) fn at_least(self, pool: usize) -> Self {
        Self { pool: self.pool.max(pool), nearest: self.nearest.max(pool) }
    }
}

fn page(top_k: u32) -> usize {
    let top_k = top_k as usize;
    top_k + top_k / 2
}

/// The results of one area.
pub(crate) struct Part<'a> {
    /// The memories, best first.
    pub(crate) found: Vec<Recalled>,
    /// The scopes that were searched.
    pub(crate) scopes: Vec<&'a ReadableScope>,
    /// Whether there may be memories that match as well: some were found and did not fit, or not all candidates were
    /// ranked, and none of those that were fell below the threshold.
    pub(crate) more: bool,
}

/// A query on its way through one or more areas.
pub(crate) struct Seek<'a, 'r> {
    memories: &'a Memories,
    caller: &'a AuthContext,
    request: &'r Recall,
    tx: PendingTx<'a>,
    /// None while the model is unavailable: then words alone decide.
    embedding: Option<Embedding>,
    degraded: Option<Degraded>,
    /// Whether anything was found yet.
    found: bool,
}

impl Memories {
    /// Checks a request and embeds its query. Its scopes and `top_k` are those of a single area.
    pub(crate) async fn seek<'a, 'r>(
        &'a self,
        caller: &'a AuthContext,
        request: &'r Recall,
    ) -> Result<Seek<'a, 'r>> {
        request.validate()?;
        let scopes = resolve(caller, &request.scopes, Action::ReadMemories)?;
        // Compiled before any I/O, so that an invalid filter costs nothing.
        Condition::new(caller, &selection(request, &scopes, None))?;
        let (embedding, degraded) = match self.embed(&[request.words()], Purpose::Query).await {
            Ok(mut embeddings) => (embeddings.pop(), None),
            Err(degraded) => (None, Some(degraded)),
        };
        let tx = caller.pending(&self.gate.db, "memory.recall");
        Ok(Seek { memories: self, caller, request, tx, embedding, degraded, found: false })
    }
}

impl<'a> Seek<'a, '_> {
    /// Returns the best matching memories of an area.
    pub(crate) async fn find(&mut self, area: &Area, candidates: Candidates) -> Result<Part<'a>> {
        let request = self.request;
        let scopes = resolve(self.caller, &area.scopes, Action::ReadMemories)?;
        let mut search = Search {
            blocks: &self.memories.blocks,
            crowds: &self.memories.crowds,
            tx: &mut self.tx,
            query: Query {
                scopes: &scopes,
                embedding: self.embedding.as_ref(),
                model: self.memories.embedder.model(),
                words: if request.lexical { request.words() } else { "" },
            },
            selection: selection(request, &scopes, area.homes.as_ref()),
            top_k: area.top_k as usize,
            candidates,
        };
        let mut found = search.run().await?;
        let (blind, none) = (std::mem::take(&mut found.blind), found.items.is_empty());
        let (found, more) = self.rank(found, area.top_k as usize);
        self.found |= !found.is_empty();
        if self.degraded.is_none()
            && (self.is_unfinished(&blind, found.iter())
                || (none && !self.found && self.unvectored(&scopes, area).await?))
        {
            self.degraded = Some(Degraded::Unfinished);
        }
        Ok(Part { found, scopes, more })
    }

    /// Whether something was found that has no vector, or, where nothing was good enough, might have been.
    fn is_unfinished<'f>(
        &self,
        blind: &HashSet<MemoryId>,
        mut found: impl Iterator<Item = &'f Recalled>,
    ) -> bool {
        match self.found {
            true => found.any(|found| blind.contains(&found.memory.id)),
            false => !blind.is_empty(),
        }
    }

    /// Returns whether the result may be empty because matching memories have no vector comparable with the query's
    /// yet.
    async fn unvectored(&mut self, scopes: &[&ReadableScope], area: &Area) -> Result<bool> {
        let condition = Condition::new(self.caller, &selection(self.request, scopes, area.homes.as_ref()))?;
        Ok(search::unvectored(&mut self.tx, condition, self.memories.embedder.model()).await?)
    }

    /// Ranks what was found and returns the best `most`, and whether there may be memories that match as well.
    fn rank(&self, found: Found, most: usize) -> (Vec<Recalled>, bool) {
        let request = self.request;
        let question = Question {
            text: request.words(),
            now: request.reference.unwrap_or(self.caller.request().at),
            threshold: request.threshold,
            most,
            weights: request.weights,
        };
        let Found { items, kept, more, .. } = found;
        let (size, started) = (items.len(), Instant::now());
        let mut ranked = ranking::rank(&question, items);
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(pool.size = size, ranking.duration_us = duration_us, "ranked");
        // Neighbours of candidates are ranked, too, but are no candidates.
        let more = ranked.len() > most || (more && ranked.len() >= kept);
        ranked.truncate(most);
        (ranked, more)
    }

    /// Returns the transaction, in which all that is shown must be recorded, and whether memories were found by words
    /// alone.
    pub(crate) async fn finish(self) -> Result<(TenantTx<'a>, Option<Degraded>)> {
        Ok((self.tx.into_tx().await?, self.degraded))
    }
}

fn selection<'s>(
    request: &'s Recall,
    scopes: &'s [&'s ReadableScope],
    homes: Option<&'s Homes>,
) -> Selection<'s> {
    Selection { scopes, filter: &request.filter, latest_only: request.latest_only, homes, expired: false }
}

/// A search of one area, by as many strategies as it needs.
struct Search<'a, 't> {
    blocks: &'a Blocks,
    crowds: &'a Crowds,
    tx: &'a mut PendingTx<'t>,
    query: Query<'a>,
    selection: Selection<'a>,
    top_k: usize,
    candidates: Candidates,
}

impl Search<'_, '_> {
    async fn run(&mut self) -> Result<Found> {
        let Candidates { pool, nearest } = self.candidates;
        let selective = self.is_selective();
        // By words alone, only what has some of them may be found.
        if (selective || self.sees_small_scopes_only())
            && self.query.embedding.is_some()
            && let Some(found) = self.all().await?
        {
            return Ok(found);
        }
        if selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        let found = self.nearest(nearest, pool).await?;
        if !found.more || (found.items.len() >= self.top_k && !found.sparse) {
            return Ok(found);
        }
        if !selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        self.nearest(nearest.max(WIDE), pool.max(WIDE)).await
    }

    /// Whether the condition says more than nearness: an entity name that must match, or what was only shared.
    fn is_selective(&self) -> bool {
        let Selection { filter, homes, .. } = &self.selection;
        is_selective(filter) || homes.is_some_and(|homes| homes.among.is_empty())
    }

    /// Whether the scopes may have few memories in all.
    fn sees_small_scopes_only(&self) -> bool {
        let small = |scope: &&ReadableScope| scope.tier == SearchTier::Small && !scope.packed;
        self.query.scopes.len() <= FEW_SCOPES && self.query.scopes.iter().all(small)
    }

    /// Takes all memories that match the condition as candidates, unless there are too many, or were a while ago.
    async fn all(&mut self) -> Result<Option<Found>> {
        let (kind, now) = (Kind::of(&self.selection, self.tx.caller()), self.tx.caller().request().at);
        if self.crowds.contain(kind, now) {
            return Ok(None);
        }
        let condition = self.condition()?;
        let found = few::all(self.tx, &self.query, condition).await?;
        if found.is_none() {
            self.crowds.note(kind, now);
        }
        Ok(found)
    }

    /// Searches the nearest candidates and keeps those that match the condition.
    async fn nearest(&mut self, nearest: usize, best: usize) -> Result<Found> {
        let pool = arms(nearest, best);
        let (condition, most) = (self.condition()?, self.most());
        let compared = match self.query.embedding {
            Some(embedding) => {
                let query = (embedding, self.query.model);
                compare(self.blocks, self.tx, &[self.query.scopes], query, pool.nearest).await?
            }
            None => Compared::default(),
        };
        Ok(search::nearest(self.tx, &self.query, condition, pool, most, compared).await?)
    }

    /// Searches among the memories that match the condition, unless there are too many.
    async fn among(&mut self) -> Result<Option<Found>> {
        let Candidates { pool, nearest } = self.candidates;
        let (condition, most) = (self.condition()?, self.most());
        Ok(search::among(self.tx, &self.query, condition, arms(nearest, pool), most).await?)
    }

    fn most(&self) -> i64 {
        i64::try_from(self.candidates.pool).unwrap_or(i64::MAX)
    }

    fn condition(&self) -> Result<Condition> {
        Condition::new(self.tx.caller(), &self.selection)
    }
}

/// Whether so few memories match a filter that the nearest ones hardly do.
fn is_selective(filter: &Filter) -> bool {
    !filter.entity_equalities().is_empty()
}

fn arms(nearest: usize, best: usize) -> Pool {
    let most = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Pool { nearest: most(nearest), best: most(best) }
}
