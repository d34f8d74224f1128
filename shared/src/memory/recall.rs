//! Recalling: the memories that answer a query, best first.
//!
//! The projection says what is near by meaning and by words; [`super::fusion`] orders that; the memories themselves are
//! then read under row-level security and held against the caller's filter. Where a filter leaves too few of what is
//! near, the search is made once more among exactly those memories that the filter holds for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::access::{Action, AuthContext, TenantTx};
use crate::embedding::Purpose;
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::filter::Filter;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::store::search::{self, Candidate, Query};
use crate::memory::{Degraded, Memories, Memory, Scopes, fusion};

/// Memories returned when the request does not say, as in mem0.
pub const DEFAULT_TOP_K: u32 = 10;
/// Most memories returned.
pub const MAX_TOP_K: u32 = 1000;
/// The least score when the request does not say, as in mem0.
pub const DEFAULT_THRESHOLD: f32 = 0.1;
/// Characters of a query that count; the rest is not read. More would say little, and every word costs.
pub const MAX_QUERY: usize = 4096;
/// Candidates from each arm when a filter leaves few of the nearest and holds for too many to search among them.
const WIDE: usize = 4000;

/// What to look for, and where.
#[derive(Debug, Clone)]
pub struct Recall {
    /// A question or statement in natural language; its first [`MAX_QUERY`] characters count.
    pub query: String,
    /// Which memories come into question.
    pub filter: Filter,
    /// In which scopes.
    pub scopes: Scopes,
    /// How many at most: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The least score, 0 to 1.
    pub threshold: f32,
    /// Whether to spend more on the order of the best. Nothing does so yet: the order is that of the score.
    pub rerank: bool,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
    /// The present that age is reckoned from; now, if not given.
    pub reference: Option<DateTime<Utc>>,
}

impl Recall {
    /// A query with everything else at its default.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            filter: Filter::everything(),
            scopes: Scopes::default(),
            top_k: DEFAULT_TOP_K,
            threshold: DEFAULT_THRESHOLD,
            rerank: false,
            latest_only: false,
            reference: None,
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
}

/// What a search brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Recollection {
    /// The memories, best first.
    pub found: Vec<Recalled>,
    /// Set if they were found by words alone.
    pub degraded: Option<Degraded>,
}

/// The signals of a score, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breakdown {
    /// Likeness of meaning: cosine of the vectors.
    pub semantic: f32,
    /// How many of the query's words it has.
    pub lexical: f32,
    /// How recent it is.
    pub recency: f32,
}

impl Memories {
    /// The best memories that the caller may see, best first; by words alone while the embedding model is away.
    pub async fn recall(&self, caller: &AuthContext, request: Recall) -> Result<Recollection> {
        request.validate()?;
        let scopes = resolve(caller, &request.scopes, Action::ReadMemories)?;
        let selection = Selection {
            scopes: &scopes,
            filter: &request.filter,
            latest_only: request.latest_only,
            expired: false,
        };
        // Compiled before anything is asked, so that a wrong filter costs nothing.
        Condition::new(caller, &selection)?;
        let words = request.words();
        let (embedding, degraded) = match self.embed(&[words], Purpose::Query).await {
            Ok(mut embeddings) => (embeddings.pop(), None),
            Err(degraded) => (None, Some(degraded)),
        };
        let tx = caller.begin(&self.gate.db, "memory.recall").await?;
        let search = Search {
            tx: &tx,
            query: Query {
                scopes: &scopes,
                embedding: embedding.as_ref(),
                model: self.embedder.model(),
                words,
            },
            selection,
            top_k: request.top_k as usize,
            now: request.reference.unwrap_or(caller.request().at),
        };
        let found = search.run().await?;
        tx.commit().await?;
        // A score has only its lexical part then, and what counts as near shrinks with it.
        let threshold = degraded.map_or(request.threshold, |_| request.threshold * fusion::LEXICAL);
        Ok(Recollection { found: fusion::cut(found, threshold, request.top_k as usize), degraded })
    }
}

/// One search, by as many routes as it takes.
struct Search<'a> {
    tx: &'a TenantTx<'a>,
    query: Query<'a>,
    selection: Selection<'a>,
    top_k: usize,
    now: DateTime<Utc>,
}

impl Search<'_> {
    async fn run(&self) -> Result<Vec<Recalled>> {
        let filter = self.selection.filter;
        // A name that must be so is more selective than nearness.
        let selective = !filter.entity_equalities().is_empty();
        if selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        let near = (self.top_k * 4).max(60);
        let (found, all) = self.nearest(near).await?;
        if all || found.len() >= self.top_k {
            return Ok(found);
        }
        if !selective && let Some(found) = self.among().await? {
            return Ok(found);
        }
        Ok(self.nearest(near.max(WIDE)).await?.0)
    }

    /// The nearest, then held against the condition; and whether that was everything there is.
    async fn nearest(&self, most: usize) -> Result<(Vec<Recalled>, bool)> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let candidates = search::nearest(self.tx, &self.query, most).await?;
        let all = candidates.len() < most as usize;
        Ok((self.read(candidates).await?, all))
    }

    /// The nearest of those that the condition holds for, unless those are too many.
    async fn among(&self) -> Result<Option<Vec<Recalled>>> {
        let mut condition = self.condition()?;
        let most = i32::try_from((self.top_k * 2).max(60)).unwrap_or(i32::MAX);
        match search::among(self.tx, &self.query, &mut condition, most).await? {
            Some(candidates) => self.read(candidates).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads the best candidates that the condition holds for, a few more than asked for: age still has a say.
    async fn read(&self, candidates: Vec<Candidate>) -> Result<Vec<Recalled>> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let candidates = fusion::order(candidates);
        let ids: Vec<MemoryId> = candidates.iter().map(|candidate| candidate.id).collect();
        let measures: HashMap<MemoryId, Candidate> =
            candidates.into_iter().map(|candidate| (candidate.id, candidate)).collect();
        let most = i64::try_from(self.top_k + (self.top_k / 2).max(20)).unwrap_or(i64::MAX);
        let memories = search::fetch(self.tx, &mut self.condition()?, &ids, most).await?;
        let scored = memories.into_iter().filter_map(|memory| {
            let candidate = measures.get(&memory.id)?;
            Some(fusion::score(candidate, memory, self.now))
        });
        Ok(scored.collect())
    }

    fn condition(&self) -> Result<Condition> {
        Condition::new(self.tx.caller(), &self.selection)
    }
}
