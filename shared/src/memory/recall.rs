//! Recalling: the memories that answer a query, best first.
//!
//! The projection says what is near by meaning and by words; the memories themselves are then read under row-level
//! security and held against the caller's filter, with what was captured beside the best of them; [`super::ranking`]
//! orders that. Where a filter leaves too few of what is near, the search is made once more among exactly those memories
//! that the filter holds for.

use std::time::Instant;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Action, AuthContext, PendingTx, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::embedding::Purpose;
use crate::error::{Error, Result};
use crate::memory::blocks::Blocks;
use crate::memory::compare::{Compared, compare};
use crate::memory::filter::Filter;
use crate::memory::ranking::{self, Breakdown, Question, Weights};
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::store::search::{self, Found, Pool, Query};
use crate::memory::{Degraded, Homes, Memories, Memory, Scopes};

/// Memories returned when the request does not say, as in mem0.
pub const DEFAULT_TOP_K: u32 = 10;
/// Most memories returned.
pub const MAX_TOP_K: u32 = 1000;
/// The least score when the request does not say, as in mem0.
pub const DEFAULT_THRESHOLD: f32 = 0.1;
/// Characters of a query that count; the rest is not read. More would say little, and every word costs.
pub const MAX_QUERY: usize = 4096;
/// Candidates that are ranked, at least; so many come by their words, and not half as many by their meaning
/// (ADR 5).
const POOL: usize = 96;
/// Candidates from each arm when a filter leaves few of the nearest and holds for too many to search among them.
const WIDE: usize = 1000;

/// What to look for, and where.
#[derive(Debug, Clone)]
pub struct Recall {
    /// A question or statement in natural language; its first [`MAX_QUERY`] characters count.
    pub query: String,
    /// Which memories come into question.
    pub filter: Filter,
    /// In which scopes.
    pub scopes: Scopes,
    /// Where they must live, if that matters.
    pub homes: Option<Homes>,
    /// How many at most: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The least score, 0 to 1.
    pub threshold: f32,
    /// Whether to take twice as many candidates into the ranking. The ranking itself is the same.
    pub rerank: bool,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
    /// The present that age is reckoned from; now, if not given.
    pub reference: Option<DateTime<Utc>>,
    /// How much each signal counts; the defaults, but for evaluations.
    pub weights: Weights,
    /// Whether it is looked for by its words as well as by its meaning, as it always is, but for evaluations.
    pub lexical: bool,
}

impl Recall {
    /// A query with everything else at its default.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            filter: Filter::everything(),
            scopes: Scopes::default(),
            homes: None,
            top_k: DEFAULT_TOP_K,
            threshold: DEFAULT_THRESHOLD,
            rerank: false,
            latest_only: false,
            reference: None,
            weights: Weights::default(),
            lexical: true,
        }
    }

    fn validate(&self) -> Result<()> {
        if self.query.trim().is_empty() {
            return Err(Error::invalid("query", "must not be empty"));
        }
        if self.query.contains('\0') {
            return Err(Error::invalid("query", "must not contain a NUL character"));
        }
        if !(1..=MAX_TOP_K).contains(&self.top_k) {
            return Err(Error::invalid(
                "top_k",
                format!("must be from 1 to {MAX_TOP_K}, found {}", self.top_k),
            ));
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(Error::invalid(
                "threshold",
                format!("must be from 0 to 1, found {}", self.threshold),
            ));
        }
        Ok(())
    }

    /// The part of the query that counts.
    fn words(&self) -> &str {
        match self.query.char_indices().nth(MAX_QUERY) {
            Some((end, _)) => &self.query[..end],
            None => &self.query,
        }
    }
}

/// A memory that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// It.
    pub memory: Memory,
    /// How well it answers, 0 to 1.
    pub score: f32,
    /// What the score is made of.
    pub breakdown: Breakdown,
    /// What it was captured with.
    pub capture: Uuid,
    /// Its place there.
    pub position: i32,
}

/// What a search brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Recollection {
    /// The memories, best first.
    pub found: Vec<Recalled>,
    /// Set if they, or some of them, were found by words alone.
    pub degraded: Option<Degraded>,
}

/// What a search brought, in the transaction that read it.
pub(crate) struct Sought<'a> {
    /// Still open: what is shown must be recorded in it.
    pub(crate) tx: TenantTx<'a>,
    /// Where it was looked for.
    pub(crate) scopes: Vec<&'a ReadableScope>,
    pub(crate) recollection: Recollection,
}

impl Memories {
    /// The best memories that the caller may see, best first; by words alone while the embedding model is away.
    pub async fn recall(&self, caller: &AuthContext, request: Recall) -> Result<Recollection> {
        let Sought { tx, scopes, recollection } = self.seek(caller, &request).await?;
        let ids = recollection.found.iter().map(|found| found.memory.id);
        let classes = recollection.found.iter().map(|found| found.memory.classification);
        let shown = Entry::of("memory.search").memories(ids).classified(classes).within_one_of(&scopes);
        audit::commit_read(tx, shown).await?;
        Ok(recollection)
    }

    /// The same for who shows more of it in the same transaction, and has yet to record it.
    pub(crate) async fn seek<'a>(&'a self, caller: &'a AuthContext, request: &Recall) -> Result<Sought<'a>> {
        request.validate()?;
        let scopes = resolve(caller, &request.scopes, Action::ReadMemories)?;
        let selection = Selection {
            scopes: &scopes,
            filter: &request.filter,
            latest_only: request.latest_only,
            homes: request.homes.as_ref(),
            expired: false,
        };
        // Compiled before anything is asked, so that a wrong filter costs nothing.
        Condition::new(caller, &selection)?;
        let words = request.words();
        let (embedding, degraded) = match self.embed(&[words], Purpose::Query).await {
            Ok(mut embeddings) => (embeddings.pop(), None),
            Err(degraded) => (None, Some(degraded)),
        };
        let question = Question {
            text: words,
            now: request.reference.unwrap_or(caller.request().at),
            threshold: request.threshold,
            most: request.top_k as usize,
            weights: request.weights,
        };
        let mut tx = caller.pending(&self.gate.db, "memory.recall");
        let mut search = Search {
            blocks: &self.blocks,
            tx: &mut tx,
            query: Query {
                scopes: &scopes,
                embedding: embedding.as_ref(),
                model: self.embedder.model(),
                words: if request.lexical { words } else { "" },
            },
            selection,
            top_k: request.top_k as usize,
            pool: pool(request),
            nearest: nearest(request),
        };
        let Found { items, blind, .. } = search.run().await?;
        let degraded = match degraded {
            None if blind || (items.is_empty() && search.unvectored().await?) => Some(Degraded::Unfinished),
            degraded => degraded,
        };
        let (size, started) = (items.len(), Instant::now());
        let mut found = ranking::rank(&question, items);
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(pool.size = size, ranking.duration_us = duration_us, "ranked");
        found.truncate(request.top_k as usize);
        Ok(Sought { tx: tx.into_tx().await?, scopes, recollection: Recollection { found, degraded } })
    }
}

/// How many candidates are ranked: enough that a larger pool finds no more, and for a large page half as many again as
/// it holds.
fn pool(request: &Recall) -> usize {
    let top_k = request.top_k as usize;
    let pool = (top_k + top_k / 2).max(POOL);
    if request.rerank { pool * 2 } else { pool }
}

/// How many of them may be there by their meaning alone: of 96 candidates 40. With 32, what shares no word with its question
/// is first less often.
fn nearest(request: &Recall) -> usize {
    let top_k = request.top_k as usize;
    (pool(request) * 5 / 12).max(top_k + top_k / 2)
}

fn arms(nearest: usize, best: usize) -> Pool {
    let most = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Pool { nearest: most(nearest), best: most(best) }
}

/// One search, by as many routes as it takes.
struct Search<'a, 't> {
    blocks: &'a Blocks,
    tx: &'a mut PendingTx<'t>,
    query: Query<'a>,
    selection: Selection<'a>,
    top_k: usize,
    /// How many candidates are read, and come by their words.
    pool: usize,
    /// How many come by their meaning.
    nearest: usize,
}

impl Search<'_, '_> {
    async fn run(&mut self) -> Result<Found> {
        let filter = self.selection.filter;
        // A name that must be so is more selective than nearness.
        let selective = !filter.entity_equalities().is_empty();
        if selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        let found = self.nearest(self.nearest, self.pool).await?;
        if !found.more || (found.items.len() >= self.top_k && !found.sparse) {
            return Ok(found);
        }
        if !selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        self.nearest(self.nearest.max(WIDE), self.pool.max(WIDE)).await
    }

    /// The nearest for which the condition holds.
    async fn nearest(&mut self, nearest: usize, best: usize) -> Result<Found> {
        let pool = arms(nearest, best);
        let (condition, most) = (self.condition()?, self.most());
        let compared = match self.query.embedding {
            Some(embedding) => {
                let query = (embedding, self.query.model);
                compare(self.blocks, self.tx, self.query.scopes, query, pool.nearest).await?
            }
            None => Compared::default(),
        };
        Ok(search::nearest(self.tx, &self.query, condition, pool, most, compared).await?)
    }

    /// The nearest of those that the condition holds for, unless those are too many.
    async fn among(&mut self) -> Result<Option<Found>> {
        let pool = arms(self.nearest, self.pool);
        let (condition, most) = (self.condition()?, self.most());
        Ok(search::among(self.tx, &self.query, condition, pool, most).await?)
    }

    /// Whether nothing was found because what there is has no vector yet that compares with the query's.
    async fn unvectored(&mut self) -> Result<bool> {
        let condition = self.condition()?;
        Ok(search::unvectored(self.tx, condition, self.query.model).await?)
    }

    fn most(&self) -> i64 {
        i64::try_from(self.pool).unwrap_or(i64::MAX)
    }

    fn condition(&self) -> Result<Condition> {
        Condition::new(self.tx.caller(), &self.selection)
    }
}
