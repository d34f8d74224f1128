//! Recalling: the memories that answer a query, best first.
//!
//! How they are found is [`super::seek`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{AuthContext, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::memory::filter::Filter;
use crate::memory::ranking::{Breakdown, Weights};
use crate::memory::seek::{Area, Candidates, Part};
use crate::memory::{Degraded, Memories, Memory, Scopes};

/// Default number of memories returned, as in mem0.
pub const DEFAULT_TOP_K: u32 = 10;
/// Maximum number of memories returned.
pub const MAX_TOP_K: u32 = 1000;
/// Default minimum score, as in mem0.
pub const DEFAULT_THRESHOLD: f32 = 0.1;
/// Maximum length of a query in characters; the rest is ignored. More would add little, and every word has a cost.
pub const MAX_QUERY: usize = 4096;
/// A search request.
#[derive(Debug, Clone)]
pub struct Recall {
    /// A question or statement in natural language; only the first [`MAX_QUERY`] characters are read.
    pub query: String,
    /// Which memories to consider.
    pub filter: Filter,
    /// The scopes to search.
    pub scopes: Scopes,
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
            top_k: DEFAULT_TOP_K,
            threshold: DEFAULT_THRESHOLD,
            rerank: false,
            latest_only: false,
            reference: None,
            weights: Weights::default(),
            lexical: true,
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
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
    pub(super) fn words(&self) -> &str {
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
        let Sought { tx, scopes, recollection } = self.recall_within(caller, &request).await?;
        let ids = recollection.found.iter().map(|found| found.memory.id);
        let classes = recollection.found.iter().map(|found| found.memory.classification);
        let shown = Entry::of("memory.search").memories(ids).classified(classes).within_one_of(&scopes);
        audit::commit_read(tx, shown).await?;
        Ok(recollection)
    }

    /// Does the same for a caller that shows more of the memories in the same transaction and must record the access
    /// itself.
    pub(crate) async fn recall_within<'a>(
        &'a self,
        caller: &'a AuthContext,
        request: &Recall,
    ) -> Result<Sought<'a>> {
        let mut seek = self.seek(caller, request).await?;
        let Part { found, scopes, .. } = seek.find(&Area::of(request), Candidates::of(request)).await?;
        let (tx, degraded) = seek.finish().await?;
        Ok(Sought { tx, scopes, recollection: Recollection { found, degraded } })
    }
}
