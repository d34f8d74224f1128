//! From measures to scores: how likeness of meaning, shared words and age become one number from 0 to 1.
//!
//! `score = (0.6 × semantic + 0.4 × lexical) × (0.9 + 0.1 × recency)`: two measures of the same standing that vouch for
//! each other, and age that decides between equals. A memory that has nothing but its age is worth nothing.

use chrono::{DateTime, Utc};

use crate::memory::store::search::Candidate;
use crate::memory::{Breakdown, Memory, Recalled};

const SEMANTIC: f32 = 0.6;
/// The best that a memory can reach by words alone.
pub(super) const LEXICAL: f32 = 0.4;
/// How much of a score age can take away.
const AGE: f32 = 0.1;
/// After so many days, recency is 1/e.
const DAYS: f32 = 90.0;

/// What `ts_rank` gives for one word of weight D, found once, of a query of one word: 0.1 × 6/π². For a query of any
/// of n words, each that is found once adds 1/n of it, so that the quotient is the share of words found.
const RANK_OF_ALL_WORDS: f32 = 0.060_792_71;

impl Candidate {
    /// Cosine; opposite meanings are as far away as unrelated ones.
    fn semantic(&self) -> f32 {
        if self.similarity.is_finite() { self.similarity.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The share of the query's words that it has.
    fn lexical(&self) -> f32 {
        (self.text_rank / RANK_OF_ALL_WORDS).clamp(0.0, 1.0)
    }

    /// The score but for age: what can be said before the memory itself is read.
    fn base(&self) -> f32 {
        SEMANTIC * self.semantic() + LEXICAL * self.lexical()
    }
}

/// Best first, as far as it can be said before the memories are read.
pub(super) fn order(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.base().total_cmp(&a.base()).then_with(|| b.id.cmp(&a.id)));
    candidates
}

/// The score of a memory that was found.
pub(super) fn score(candidate: &Candidate, memory: Memory, now: DateTime<Utc>) -> Recalled {
    let recency = recency(memory.occurred_at.unwrap_or(memory.created_at), now);
    let breakdown = Breakdown { semantic: candidate.semantic(), lexical: candidate.lexical(), recency };
    let score = candidate.base() * (1.0 - AGE + AGE * recency);
    Recalled { memory, score: score.clamp(0.0, 1.0), breakdown }
}

/// Best first, the newer of equals first, and nothing below the threshold.
pub(super) fn cut(mut found: Vec<Recalled>, threshold: f32, top_k: usize) -> Vec<Recalled> {
    found.retain(|recalled| recalled.score >= threshold);
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.memory.id.cmp(&a.memory.id)));
    found.truncate(top_k);
    found
}

/// 1 now and in the future, towards 0 in the past.
fn recency(at: DateTime<Utc>, now: DateTime<Utc>) -> f32 {
    let days = (now - at).num_seconds().max(0) as f32 / 86_400.0;
    (-days / DAYS).exp()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{MemoryId, ScopeId, UserId};
    use crate::memory::{Labels, Lifecycle};

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn memory(number: u128, age_days: i64) -> Memory {
        let at = now() - TimeDelta::days(age_days);
        Memory {
            id: MemoryId(Uuid::from_u128(number)),
            author: UserId(Uuid::nil()),
            home: ScopeId(1),
            scopes: vec![ScopeId(1)],
            content: "text".to_owned(),
            metadata: serde_json::Map::new(),
            categories: Vec::new(),
            labels: Labels::default(),
            lifecycle: Lifecycle::Active,
            replaced_by: None,
            occurred_at: None,
            expires_on: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn found(number: u128, similarity: f32, words: f32, age_days: i64) -> Recalled {
        let id = MemoryId(Uuid::from_u128(number));
        let candidate = Candidate { id, similarity, text_rank: words * RANK_OF_ALL_WORDS };
        score(&candidate, memory(number, age_days), now())
    }

    #[test]
    fn everything_at_its_best_is_one() {
        assert_eq!(found(1, 1.0, 1.0, 0).score, 1.0);
        assert_eq!(found(1, -1.0, 0.0, 0).score, 0.0);
        assert_eq!(found(1, f32::NAN, 0.0, 0).score, 0.0);
    }

    #[test]
    fn age_decides_between_equals_only() {
        assert!(found(1, 0.5, 0.5, 1).score > found(2, 0.5, 0.5, 400).score);
        assert!(found(1, 0.5, 0.5, 4000).score > found(2, 0.4, 0.5, 0).score);
    }

    #[test]
    fn what_was_said_of_the_past_is_as_old_as_that() {
        let candidate = Candidate { id: MemoryId(Uuid::nil()), similarity: 1.0, text_rank: 0.0 };
        let old = Memory { occurred_at: Some(now() - TimeDelta::days(90)), ..memory(0, 0) };
        let recency = score(&candidate, old, now()).breakdown.recency;
        assert!((recency - (-1.0f32).exp()).abs() < 1e-6);
        let future = Memory { occurred_at: Some(now() + TimeDelta::days(90)), ..memory(0, 0) };
        assert_eq!(score(&candidate, future, now()).breakdown.recency, 1.0);
    }

    #[test]
    fn the_cut_keeps_the_best_and_prefers_the_newer() {
        let all =
            vec![found(1, 0.5, 0.0, 0), found(2, 0.5, 0.0, 0), found(3, 0.9, 0.0, 0), found(4, 0.1, 0.0, 0)];
        let ids = |threshold, top_k| {
            let kept = cut(all.clone(), threshold, top_k);
            kept.iter().map(|recalled| recalled.memory.id.uuid().as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(ids(0.0, 10), [3, 2, 1, 4]);
        assert_eq!(ids(0.1, 10), [3, 2, 1]);
        assert_eq!(ids(0.0, 2), [3, 2]);
    }

    proptest! {
        #[test]
        fn a_score_lies_between_0_and_1_and_grows_with_each_measure(
            similarity in -1.0..1.0f32, words in 0.0..1.0f32, more in 0.0..0.5f32, age in 0..10_000i64,
        ) {
            let base = found(1, similarity, words, age).score;
            prop_assert!((0.0..=1.0).contains(&base));
            prop_assert!(found(1, similarity + more, words, age).score >= base);
            prop_assert!(found(1, similarity, words + more, age).score >= base);
            prop_assert!(found(1, similarity, words, age / 2).score >= base);
        }
    }
}
