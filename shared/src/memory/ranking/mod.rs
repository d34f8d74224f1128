//! Ranking: orders the candidates for a query by how well they answer it.
//!
//! A pool of about a hundred candidates comes from the two arms of search, with cosine similarities and BM25 scores.
//! Each candidate gets a score: a sum of [`Signal`]s on absolute scales, so that a score means the same in any pool.
//! Most of it is [`interaction`] in [`context`]; everything else is a correction. For measurements and rejected
//! alternatives, see `docs/adr/0005-retrieval-ranking.md`.
//!
//! Not here: finding the pool (`memory::store::search`), and access control. Everything in the pool, including
//! neighbours, was read under row-level security and the caller's filter, so nothing else can influence the order.
//! Start at [`rank`].

mod actor;
mod breakdown;
mod context;
mod dates;
mod folded;
mod identifiers;
mod interaction;
mod literal;
mod numbers;
mod period;
mod recency;
mod repetition;
mod signal;
#[cfg(test)]
pub(super) mod tests;
mod tokens;
mod unit;
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
use when::Asked;

/// A candidate memory, with what the search knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) memory: Memory,
    pub(crate) tokens: Tokens,
    /// Cosine similarity of its vector and the query's.
    pub(crate) similarity: f32,
    /// BM25 score of its text, as a share of the query's idf; `None` if the pool is everything there is, and so says
    /// itself how rare each word is.
    pub(crate) words: Option<f32>,
    /// The capture it belongs to, and its position there.
    pub(crate) capture: Uuid,
    pub(crate) position: i32,
    /// The sum of people's feedback on it: negative if they think little of it, 0 if there is none.
    pub(crate) opinion: f32,
}

/// The feedback at which the signal reaches half its maximum: one person does not speak for everybody.
const UNDECIDED: f32 = 2.0;

/// What the candidates are scored against.
pub(crate) struct Question<'a> {
    /// The query text.
    pub(crate) text: &'a str,
    /// The current time.
    pub(crate) now: DateTime<Utc>,
    /// The minimum score, 0 to 1.
    pub(crate) threshold: f32,
    /// How many of the best are shown: only these must be free of repetitions.
    pub(crate) most: usize,
    /// The weight of each signal.
    pub(crate) weights: Weights,
}

/// Ranks the pool and returns every memory that reaches the threshold, best first; on equal scores, newer first.
/// Repetitions follow what they repeat, with a score just above the threshold.
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

/// A candidate of the pool, with its score.
struct Scored {
    index: usize,
    breakdown: Breakdown,
    /// The sum of the breakdown.
    sum: f32,
}

impl Scored {
    fn new(index: usize, breakdown: Breakdown) -> Self {
        Self { index, breakdown, sum: breakdown.sum() }
    }
}

/// Sorts best first, including scores that are clamped to 1; on equal scores, newer first.
fn order(pool: &[Item], scored: &mut [Scored]) {
    scored.sort_by(|one, other| {
        let newer = || pool[other.index].memory.id.cmp(&pool[one.index].memory.id);
        other.sum.total_cmp(&one.sum).then_with(newer)
    });
}

fn score(question: &Question<'_>, pool: &[Item], neighbours: &Neighbours) -> Vec<Breakdown> {
    let Question { text, now, weights, .. } = question;
    let (dates, period) = (Dates::named_in(text), Period::spoken_of_in(text, *now));
    let interaction = Interaction::new(text, period.is_some());
    let matches = interaction.matches(pool.iter().map(|item| (&item.tokens, item.memory.content.as_str())));
    let shares = interaction.shares(&matches);
    let length = |item: &Item| item.tokens.as_slice().len() as f32;
    let average = (pool.iter().map(length).sum::<f32>() / pool.len() as f32).max(1.0);
    let words = |index: usize| {
        let found = || interaction::found(&matches[index], &shares, length(&pool[index]) / average);
        pool[index].words.unwrap_or_else(found)
    };
    let identifiers = Identifiers::named_in(text);
    let asked = Asked::by(text);
    let somebody_elses = actor::somebody_elses(text, pool.iter().map(|item| &item.memory));
    let breakdown = |(index, item): (usize, &Item)| {
        let Item { memory, .. } = item;
        let flag = |flag: bool| if flag { 1.0 } else { 0.0 };
        let matched = context::in_context(pool, &matches, neighbours, index, weights.reach());
        let mut breakdown = Breakdown::default();
        let mut add = |signal, measure: f32| breakdown.set(signal, weights.get(signal) * measure);
        let brevity = interaction::brevity(length(item));
        add(Signal::Interaction, brevity * interaction::total(&matched, &shares));
        add(Signal::Semantic, cosine(item.similarity));
        add(Signal::Bm25, words(index));
        add(Signal::Identifier, identifiers.share(&memory.content));
        add(Signal::Date, dates.share(memory.at()));
        add(Signal::Time, flag(period.is_some_and(|period| period.contains(memory.at()))));
        add(Signal::When, flag(asked.is_some_and(|asked| asked.told_in(&memory.content))));
        add(Signal::Reply, answered(pool, neighbours, index).map_or(0.0, words));
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

/// Treats opposite meanings like unrelated ones.
fn cosine(similarity: f32) -> f32 {
    if similarity.is_finite() { similarity.clamp(0.0, 1.0) } else { 0.0 }
}

/// Returns the question that a memory answers: the memory right before it, if that is one.
fn answered(pool: &[Item], neighbours: &Neighbours, index: usize) -> Option<usize> {
    neighbours.previous(pool, index).filter(|previous| is_question(&pool[*previous].memory.content))
}

fn is_question(text: &str) -> bool {
    text.trim_end().ends_with(['?', '？', '؟'])
}

impl Memory {
    /// The time that its content refers to, as far as is known.
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.occurred_at.unwrap_or(self.created_at)
    }
}
