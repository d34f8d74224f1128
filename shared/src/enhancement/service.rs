//! The service that enhances a prompt.

use serde_json::json;

use crate::access::{ApiKeyVerb, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::filter::Filter;
use crate::memory::{
    Breakdown, Degraded, Memories, Memory, Recall, Recalled, Recollection, Scopes, Sought, look_all,
};
use crate::sharing::hierarchy::{self, Level};

use super::block::Block;
use super::prompt::{Enhanced, Format, Prompt};

/// Default number of tokens that may be added: enough for about twenty facts.
pub const DEFAULT_MAX_TOKENS: i64 = 1000;
/// Default minimum score. Higher than for a search, because a person looks at search results, but nobody looks at what
/// is put into a prompt.
pub const DEFAULT_THRESHOLD: f32 = 0.3;
/// Maximum number of memories to search for.
pub const MAX_TOP_K: u32 = 100;
/// Maximum number of memories that a request may name for inclusion or exclusion.
pub const MAX_NAMED: usize = 100;

/// A request to enhance a prompt.
#[derive(Debug, Clone)]
pub struct Enhance {
    /// The prompt to enhance.
    pub prompt: Prompt,
    /// Which memories to consider.
    pub filter: Filter,
    /// The scopes to search.
    pub scopes: Scopes,
    /// Maximum number of memories to search for: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The minimum score, 0 to 1.
    pub threshold: f32,
    /// The number of tokens that may be added, as returned by [`crate::memory::Briefing::budget`].
    pub budget: usize,
    /// Memories to add before any others, whether or not they match.
    pub include: Vec<MemoryId>,
    /// Memories to leave out.
    pub exclude: Vec<MemoryId>,
    /// The form of the result; the prompt's own, if not given.
    pub format: Option<Format>,
}

impl Enhance {
    /// Creates a request with everything else at its default.
    #[must_use]
    pub fn new(prompt: Prompt) -> Self {
        Self {
            prompt,
            filter: Filter::everything(),
            scopes: Scopes::All,
            top_k: crate::memory::DEFAULT_TOP_K,
            threshold: DEFAULT_THRESHOLD,
            budget: usize::try_from(DEFAULT_MAX_TOKENS).unwrap_or_default(),
            include: Vec::new(),
            exclude: Vec::new(),
            format: None,
        }
    }

    fn validate(&self) -> Result<()> {
        if !(1..=MAX_TOP_K).contains(&self.top_k) {
            let found = self.top_k;
            return Err(Error::invalid("top_k", format!("must be from 1 to {MAX_TOP_K}, found {found}")));
        }
        for (field, named) in [("include", &self.include), ("exclude", &self.exclude)] {
            if named.len() > MAX_NAMED {
                let found = named.len();
                return Err(Error::invalid(field, format!("must name at most {MAX_NAMED}, found {found}")));
            }
        }
        match self.include.iter().position(|id| self.exclude.contains(id)) {
            Some(at) => Err(Error::invalid(format!("include[{at}]"), "is in exclude as well")),
            None => Ok(()),
        }
    }

    fn recall(&self) -> Result<Recall> {
        let mut filter = self.filter.clone();
        if !self.exclude.is_empty() {
            let all_but = json!({ "NOT": [{ "memory_ids": { "in": self.exclude } }] });
            filter = filter.and(Filter::parse(&all_but)?);
        }
        Ok(Recall {
            filter,
            scopes: self.scopes.clone(),
            top_k: self.top_k,
            threshold: self.threshold,
            // A superseded memory would contradict the one that superseded it.
            latest_only: true,
            ..Recall::new(self.prompt.query())
        })
    }
}

/// An enhanced prompt, and what was added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Enhancement {
    /// The enhanced prompt.
    pub enhanced: Enhanced,
    /// Set if nothing was added.
    pub unchanged: Option<Unchanged>,
    /// The memories that were added, in order of appearance.
    pub memories: Vec<Mentioned>,
    /// The memories that did not fit, best first.
    pub left_out: Vec<Mentioned>,
    /// How many tokens were added, as estimated by [`crate::memory::tokens_of`].
    pub tokens_added: usize,
    /// Set if memories were found by words alone.
    pub degraded: Option<Degraded>,
}

/// A memory that was added, or that did not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Mentioned {
    /// The memory.
    pub memory: Memory,
    /// How well it matches; `None` if it was requested by id rather than found.
    pub score: Option<f32>,
    /// The level at which the caller sees it.
    pub level: Level,
    /// The reason why the caller sees it: `via team Alpha`.
    pub reason: String,
    /// Whether it was requested by id.
    pub included: bool,
}

/// Why a prompt was returned unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// No memory matches it well enough.
    NothingFound,
    /// None of the memories found fits into the budget.
    NoRoom,
}

impl Unchanged {
    /// The reason as a phrase for the caller.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingFound => "no memory that you can see answers this prompt well enough",
            Self::NoRoom => "none of the memories that answer this prompt fits into max_tokens",
        }
    }
}

/// Puts matching memories in front of the caller's prompt. One transaction reads them and records that they were shown.
pub async fn enhance(memories: &Memories, ctx: &AuthContext, request: Enhance) -> Result<Enhancement> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    request.validate()?;
    let recall = request.recall()?;
    let Sought { tx, scopes, recollection: Recollection { found, degraded } } =
        memories.recall_within(ctx, &recall).await?;
    let candidates = with_included(&tx, &request.include, found).await?;
    let places = hierarchy::places(&tx, candidates.iter().map(|(found, _)| &found.memory)).await?;
    let (found, scores): (Vec<Recalled>, Vec<Option<f32>>) = candidates.into_iter().unzip();
    let block = Block::of(ctx, &found, &recall.query, request.budget);
    let shown = Entry::of("prompt.enhance")
        .memories(found.iter().map(|found| found.memory.id))
        .classified(found.iter().map(|found| found.memory.classification))
        .within_one_of(&scopes)
        .with(json!({ "used": block.memories.len(), "left_out": found.len() - block.memories.len() }));
    audit::commit_read(tx, shown).await?;

    let unchanged = match (found.is_empty(), block.memories.is_empty()) {
        (true, _) => Some(Unchanged::NothingFound),
        (false, true) => Some(Unchanged::NoRoom),
        (false, false) => None,
    };
    let mentioned = found.into_iter().zip(scores).zip(places).map(|((found, score), (level, reason))| {
        let included = request.include.contains(&found.memory.id);
        Mentioned { memory: found.memory, score, level, reason, included }
    });
    let (mut used, left_out): (Vec<_>, Vec<_>) =
        mentioned.partition(|mentioned| block.memories.contains(&mentioned.memory.id));
    used.sort_by_key(|mentioned| block.memories.iter().position(|id| *id == mentioned.memory.id));
    Ok(Enhancement {
        enhanced: request.prompt.with(&block.text, request.format),
        unchanged,
        memories: used,
        left_out,
        tokens_added: block.tokens,
        degraded,
    })
}

/// Returns the memories requested by id, then those found, with their scores, if any.
async fn with_included(
    tx: &TenantTx<'_>,
    include: &[MemoryId],
    found: Vec<Recalled>,
) -> Result<Vec<(Recalled, Option<f32>)>> {
    let sought = |id: &MemoryId| found.iter().all(|found| found.memory.id != *id);
    let missing: Vec<MemoryId> = include.iter().copied().filter(sought).collect();
    let asked = look_all(tx, &missing).await?;
    let found = found.into_iter().map(|found| (Some(found.score), found));
    let mut all: Vec<_> = asked
        .into_iter()
        .map(|memory| (None, unasked(memory)))
        .chain(found)
        .map(|(score, it)| (it, score))
        .collect();
    // The sort is stable: memories that were not requested keep their order.
    all.sort_by_key(|(found, _)| {
        include.iter().position(|id| *id == found.memory.id).unwrap_or(include.len())
    });
    Ok(all)
}

/// Wraps a memory that no search found, as a capture of its own.
fn unasked(memory: Memory) -> Recalled {
    let capture = memory.id.uuid();
    Recalled { memory, score: 0.0, breakdown: Breakdown::default(), capture, position: 0 }
}
