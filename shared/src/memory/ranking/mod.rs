//! Ranking: from what is near a query to what answers it.
//!
//! A pool of some hundred candidates comes from the two arms of search, with its cosines and its BM25, and each of
//! them gets a score: a sum of [`Signal`]s on absolute scales, so that a score means the same in any pool. Most of it is
//! [`interaction`] in [`context`]; everything else is a correction. What the figures are worth, and what was tried
//! besides: `docs/adr/0005-retrieval-ranking.md`.
//!
//! Not here: finding the pool (`memory::store::search`), and who may see what. Everything in the pool, neighbours too,
//! was read under row-level security and the caller's filter, so nothing else can have a say. Start at [`rank`].

mod actor;
mod breakdown;
mod context;
mod dates;
mod folded;
mod identifiers;
mod interaction;
mod literal;
mod period;
mod recency;
mod repetition;
mod signal;
#[cfg(test)]
pub(super) mod tests;
mod tokens;
mod weights;
mod when;
mod words;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::memory::{Lifecycle, Memory, Recalled};
pub use breakdown::Breakdown;
use context::Neighbours;
use dates::Dates;
use identifiers::Identifiers;
use interaction::Interaction;
use period::Period;
pub use signal::Signal;
pub(crate) use tokens::Tokens;
pub use weights::Weights;

/// A memory that may answer, with what search knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) memory: Memory,
    pub(crate) tokens: Tokens,
    /// Cosine of its vector and the query's.
    pub(crate) similarity: f32,
    /// BM25 of its text, as a share of the query's idf.
    pub(crate) words: f32,
    /// What it was captured with, and its place there.
    pub(crate) capture: Uuid,
    pub(crate) position: i32,
    /// What people think of it, all together: below 0 if they think little of it, 0 if nobody said.
    pub(crate) opinion: f32,
}

/// An opinion as large counts for half of all that opinions can: one person does not speak for everybody.
const UNDECIDED: f32 = 2.0;

/// What memories are held against.
pub(crate) struct Question<'a> {
    /// The query.
    pub(crate) text: &'a str,
    /// The present.
    pub(crate) now: DateTime<Utc>,
    /// The least score, 0 to 1.
    pub(crate) threshold: f32,
    /// How many of the best are shown: those after them need not be free of repetitions.
    pub(crate) most: usize,
    /// How much each signal counts.
    pub(crate) weights: Weights,
}

/// Every memory of the pool with at least the least score, best first, the newer of equals first. Repetitions come after
/// what they repeat, at a score just above the least.
pub(crate) fn rank(question: &Question<'_>, pool: Vec<Item>) -> Vec<Recalled> {
    let neighbours = Neighbours::of(&pool);
    let breakdowns = score(question, &pool, &neighbours).into_iter().enumerate();
    let mut scored: Vec<Scored> =
        breakdowns.map(|(index, breakdown)| Scored::new(index, breakdown)).collect();
    scored.retain(|scored| scored.breakdown.score() >= question.threshold);
    order(&pool, &mut scored);
    let best_first: Vec<&Item> = scored.iter().map(|scored| &pool[scored.index]).collect();
    let repeated = repetition::repeated(&best_first, question.most);
    if repeated.contains(&true) {
        for (scored, _) in scored.iter_mut().zip(repeated).filter(|(_, repeated)| *repeated) {
            let mut breakdown = scored.breakdown;
            let above = breakdown.sum() - question.threshold;
            breakdown.set(Signal::Repetition, question.weights.get(Signal::Repetition) * above);
            *scored = Scored::new(scored.index, breakdown);
        }
        order(&pool, &mut scored);
    }
    let mut pool: Vec<Option<Item>> = pool.into_iter().map(Some).collect();
    let recalled = scored.into_iter().filter_map(|Scored { index, breakdown, .. }| {
        let Item { memory, capture, position, .. } = pool[index].take()?;
        Some(Recalled { memory, score: breakdown.score(), breakdown, capture, position })
    });
    recalled.collect()
}

/// One of the pool, and what it is worth.
struct Scored {
    index: usize,
    breakdown: Breakdown,
    /// Of the breakdown.
    sum: f32,
}

impl Scored {
    fn new(index: usize, breakdown: Breakdown) -> Self {
        Self { index, breakdown, sum: breakdown.sum() }
    }
}

/// Best first, also of those that are cut at 1; the newer of equals first.
fn order(pool: &[Item], scored: &mut [Scored]) {
    scored.sort_by(|one, other| {
        let newer = || pool[other.index].memory.id.cmp(&pool[one.index].memory.id);
        other.sum.total_cmp(&one.sum).then_with(newer)
    });
}

fn score(question: &Question<'_>, pool: &[Item], neighbours: &Neighbours) -> Vec<Breakdown> {
    let Question { text, now, weights, .. } = question;
    let interaction = Interaction::new(text);
    let matches = interaction.matches(pool.iter().map(|item| (&item.tokens, item.memory.content.as_str())));
    let shares = interaction.shares(&matches);
    let (dates, period) = (Dates::named_in(text), Period::spoken_of_in(text, *now));
    let identifiers = Identifiers::named_in(text);
    let asks_for_a_time = when::asks_for_a_time(text);
    let somebody_elses = actor::somebody_elses(text, pool.iter().map(|item| &item.memory));
    let breakdown = |(index, item): (usize, &Item)| {
        let Item { memory, .. } = item;
        let flag = |flag: bool| if flag { 1.0 } else { 0.0 };
        let matched = context::in_context(pool, &matches, neighbours, index, weights.reach());
        let mut breakdown = Breakdown::default();
        let mut add = |signal, measure: f32| breakdown.set(signal, weights.get(signal) * measure);
        add(Signal::Interaction, interaction::total(&matched, &shares));
        add(Signal::Semantic, cosine(item.similarity));
        add(Signal::Bm25, item.words);
        add(Signal::Identifier, identifiers.share(&memory.content));
        add(Signal::Date, dates.share(memory.at()));
        add(Signal::Time, flag(period.is_some_and(|period| period.contains(memory.at()))));
        add(Signal::When, flag(asks_for_a_time && when::tells_a_time(&memory.content)));
        add(Signal::Reply, answered(pool, neighbours, index).map_or(0.0, |question| question.words));
        add(Signal::Actor, flag(somebody_elses[index]));
        add(Signal::Question, flag(is_question(&memory.content)));
        let relevance = breakdown.relevance();
        let mut scale =
            |signal, measure: f32| breakdown.set(signal, weights.get(signal) * relevance * measure);
        scale(Signal::Recency, recency::recency(memory.at(), *now));
        scale(Signal::Feedback, item.opinion / (item.opinion.abs() + UNDECIDED));
        scale(Signal::Superseded, flag(memory.lifecycle == Lifecycle::Superseded));
        breakdown
    };
    pool.iter().enumerate().map(breakdown).collect()
}

/// Opposite meanings are as far away as unrelated ones.
fn cosine(similarity: f32) -> f32 {
    if similarity.is_finite() { similarity.clamp(0.0, 1.0) } else { 0.0 }
}

/// The question that a memory answers: the one right before it.
fn answered<'a>(pool: &'a [Item], neighbours: &Neighbours, index: usize) -> Option<&'a Item> {
    neighbours.previous(pool, index).filter(|previous| is_question(&previous.memory.content))
}

fn is_question(text: &str) -> bool {
    text.trim_end().ends_with(['?', '？', '؟'])
}

impl Memory {
    /// When what it tells was so, as far as is known.
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.occurred_at.unwrap_or(self.created_at)
    }
}
