//! Recalling: the memories that answer a query, best first.
//!
//! The projection finds candidates by meaning and by words. The memories themselves are then read under row-level
//! security and matched against the caller's filter, along with memories captured beside the best of them;
//! [`super::ranking`] orders the result. If a filter leaves too few of the candidates, the search is repeated among
//! exactly those memories that match the filter.

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

/// Default number of memories returned, as in mem0.
pub const DEFAULT_TOP_K: u32 = 10;
/// Maximum number of memories returned.
pub const MAX_TOP_K: u32 = 1000;
/// Default minimum score, as in mem0.
pub const DEFAULT_THRESHOLD: f32 = 0.1;
/// Maximum length of a query in characters; the rest is ignored. More would add little, and every word has a cost.
pub const MAX_QUERY: usize = 4096;
/// Minimum number of ranked candidates; this many are found by their words, and fewer than half as many by their
/// meaning (ADR 5).
const POOL: usize = 96;
/// Candidates per arm when a filter matches few of the nearest memories but too many overall to search among them.
const WIDE: usize = 1000;

/// A search request.
#[derive(Debug, Clone)]
pub struct Recall {
    /// A question or statement in natural language; only the first [`MAX_QUERY`] characters are read.
    pub query: String,
    /// Which memories to consider.
    pub filter: Filter,
    /// The scopes to search.
    pub scopes: Scopes,
    /// The scopes in which the memories must live, if restricted.
    pub homes: Option<Homes>,
    /// The maximum number of results: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The minimum score, 0 to 1.
    pub threshold: f32,
    /// Whether to rank twice as many candidates. The ranking itself is the same.
    pub rerank: bool,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
    /// The time relative to which age is computed; now, if not given.
    pub reference: Option<DateTime<Utc>>,
    /// The weight of each signal; anything but the default is for evaluations.
    pub weights: Weights,
    /// Whether to search by words as well as by meaning. Only evaluations turn it off.
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

    /// Returns the part of the query that is read.
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
    /// The memory.
    pub memory: Memory,
    /// How well it matches, 0 to 1.
    pub score: f32,
    /// The components of the score.
    pub breakdown: Breakdown,
    /// The capture it belongs to.
    pub capture: Uuid,
    /// Its position in the capture.
    pub position: i32,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Recollection {
    /// The memories, best first.
    pub found: Vec<Recalled>,
    /// Set if some or all of them were found by words alone.
    pub degraded: Option<Degraded>,
}

/// The result of a search, with the transaction that read it.
pub(crate) struct Sought<'a> {
    /// Still open: the caller must record in it what is shown.
    pub(crate) tx: TenantTx<'a>,
    /// The scopes that were searched.
    pub(crate) scopes: Vec<&'a ReadableScope>,
    pub(crate) recollection: Recollection,
}

impl Memories {
    /// Returns the best matching memories that the caller may see, best first; by words alone while the embedding model
    /// is unavailable.
    pub async fn recall(&self, caller: &AuthContext, request: Recall) -> Result<Recollection> {
        let Sought { tx, scopes, recollection } = self.seek(caller, &request).await?;
        let ids = recollection.found.iter().map(|found| found.memory.id);
        let classes = recollection.found.iter().map(|found| found.memory.classification);
        let shown = Entry::of("memory.search").memories(ids).classified(classes).within_one_of(&scopes);
        audit::commit_read(tx, shown).await?;
        Ok(recollection)
    }

    /// Does the same for a caller that shows more of the memories in the same transaction and must record the access
    /// itself.
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
        // Compiled before any I/O, so that an invalid filter costs nothing.
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

/// Returns how many candidates to rank: enough that a larger pool finds no more, and 1.5 times the page size for a
/// large page.
fn pool(request: &Recall) -> usize {
    let top_k = request.top_k as usize;
    let pool = (top_k + top_k / 2).max(POOL);
    if request.rerank { pool * 2 } else { pool }
}

/// Returns how many candidates may come by meaning alone: 40 of 96. With 32, a memory that shares no word with the
/// query ranks first less often.
fn nearest(request: &Recall) -> usize {
    let top_k = request.top_k as usize;
    (pool(request) * 5 / 12).max(top_k + top_k / 2)
}

fn arms(nearest: usize, best: usize) -> Pool {
    let most = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Pool { nearest: most(nearest), best: most(best) }
}

/// A search, by as many strategies as it needs.
struct Search<'a, 't> {
    blocks: &'a Blocks,
    tx: &'a mut PendingTx<'t>,
    query: Query<'a>,
    selection: Selection<'a>,
    top_k: usize,
    /// How many candidates are read, and how many come by words.
    pool: usize,
    /// How many come by their meaning.
    nearest: usize,
}

impl Search<'_, '_> {
    async fn run(&mut self) -> Result<Found> {
        let filter = self.selection.filter;
        // An entity name that must match is more selective than nearness.
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

    /// Searches the nearest candidates and keeps those that match the condition.
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

    /// Searches among the memories that match the condition, unless there are too many.
    async fn among(&mut self) -> Result<Option<Found>> {
        let pool = arms(self.nearest, self.pool);
        let (condition, most) = (self.condition()?, self.most());
        Ok(search::among(self.tx, &self.query, condition, pool, most).await?)
    }

    /// Returns whether the result may be empty because matching memories have no vector comparable with the query's
    /// yet.
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
