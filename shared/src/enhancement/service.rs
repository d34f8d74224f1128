//! Enhancing a prompt.

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

/// Tokens that may be added when the request does not say: enough for some twenty facts.
pub const DEFAULT_MAX_TOKENS: i64 = 1000;
/// The least score when the request does not say. More than a search's, because what a search finds a person looks at,
/// and what is put into a prompt nobody does.
pub const DEFAULT_THRESHOLD: f32 = 0.3;
/// Most memories that are looked for.
pub const MAX_TOP_K: u32 = 100;
/// Most memories that a request may name, to be in or to stay out.
pub const MAX_NAMED: usize = 100;

/// What to enhance, and with what.
#[derive(Debug, Clone)]
pub struct Enhance {
    /// What somebody is about to ask.
    pub prompt: Prompt,
    /// Which memories come into question.
    pub filter: Filter,
    /// In which scopes.
    pub scopes: Scopes,
    /// How many at most are looked for: 1 to [`MAX_TOP_K`].
    pub top_k: u32,
    /// The least score, 0 to 1.
    pub threshold: f32,
    /// Tokens that may be added, as [`crate::memory::Briefing::budget`] gives them.
    pub budget: usize,
    /// Memories to add before any other, whether or not they answer.
    pub include: Vec<MemoryId>,
    /// Memories to leave alone.
    pub exclude: Vec<MemoryId>,
    /// The form of the answer; the prompt's own, if not given.
    pub format: Option<Format>,
}

impl Enhance {
    /// A prompt with everything else at its default.
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
            // What was superseded would contradict what took its place.
            latest_only: true,
            ..Recall::new(self.prompt.query())
        })
    }
}

/// An enhanced prompt, and what was done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Enhancement {
    /// It.
    pub enhanced: Enhanced,
    /// Set if nothing was added.
    pub unchanged: Option<Unchanged>,
    /// What was added, in its order there.
    pub memories: Vec<Mentioned>,
    /// What there was no room for, best first.
    pub left_out: Vec<Mentioned>,
    /// How many tokens were added, as [`crate::memory::tokens_of`] estimates them.
    pub tokens_added: usize,
    /// Set if memories were found by words alone.
    pub degraded: Option<Degraded>,
}

/// A memory that was added, or for which there was no room.
#[derive(Debug, Clone, PartialEq)]
pub struct Mentioned {
    /// It.
    pub memory: Memory,
    /// How well it answers; none if it was not found but asked for.
    pub score: Option<f32>,
    /// At which level the caller sees it.
    pub level: Level,
    /// Why: `via team Alpha`.
    pub reason: String,
    /// Whether it was asked for by its id.
    pub included: bool,
}

/// Why a prompt came back as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// No memory answers it well enough.
    NothingFound,
    /// None of what was found fits into the budget.
    NoRoom,
}

impl Unchanged {
    /// The reason as a phrase for whoever asked.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingFound => "no memory that you can see answers this prompt well enough",
            Self::NoRoom => "none of the memories that answer this prompt fits into max_tokens",
        }
    }
}

/// Puts what the caller remembers in front of what they ask. One transaction reads it and records that it was shown.
pub async fn enhance(memories: &Memories, ctx: &AuthContext, request: Enhance) -> Result<Enhancement> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    request.validate()?;
    let recall = request.recall()?;
    let Sought { tx, scopes, recollection: Recollection { found, degraded } } =
        memories.seek(ctx, &recall).await?;
    let candidates = with_included(&tx, &request.include, found).await?;
    let places = hierarchy::places(&tx, candidates.iter().map(|(found, _)| &found.memory)).await?;
    let (found, scores): (Vec<Recalled>, Vec<Option<f32>>) = candidates.into_iter().unzip();
    let block = Block::of(ctx, &found, request.budget);
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

/// What was found, behind what was asked for by its id; with scores, as far as there are any.
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
    // Stable: what was not asked for stays in its order.
    all.sort_by_key(|(found, _)| {
        include.iter().position(|id| *id == found.memory.id).unwrap_or(include.len())
    });
    Ok(all)
}

/// A memory that no search found, as one that stands for itself.
fn unasked(memory: Memory) -> Recalled {
    let capture = memory.id.uuid();
    Recalled { memory, score: 0.0, breakdown: Breakdown::default(), capture, position: 0 }
}
