//! Recalling: the memories that answer a query, best first.

use crate::access::AuthContext;
use crate::error::{Error, Result};
use crate::memory::filter::Filter;
use crate::memory::{Memories, Memory, Scopes};

/// Memories returned when the request does not say, as in mem0.
pub const DEFAULT_TOP_K: u32 = 10;
/// Most memories returned.
pub const MAX_TOP_K: u32 = 1000;
/// The least score when the request does not say, as in mem0.
pub const DEFAULT_THRESHOLD: f32 = 0.1;

/// What to look for, and where.
#[derive(Debug, Clone)]
pub struct Recall {
    /// A question or statement in natural language.
    pub query: String,
    /// Which memories come into question.
    pub filter: Filter,
    /// In which scopes.
    pub scopes: Scopes,
    /// How many at most: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The least score, 0 to 1.
    pub threshold: f32,
    /// Whether to spend more on the order of the best.
    pub rerank: bool,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
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
    /// The best memories that the caller may see, best first.
    pub async fn recall(&self, caller: &AuthContext, request: Recall) -> Result<Vec<Recalled>> {
        let _ = (caller, request);
        Err(Error::Unavailable("recalling is not written yet".to_owned()))
    }
}
