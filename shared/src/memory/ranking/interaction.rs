//! Late interaction: how well each token of the query is matched by a memory's tokens.
//!
//! For each token of the query, the square of the highest similarity to a token of the memory counts; weak similarities
//! are ignored. Numbers and words that the vocabulary cannot spell match exactly or not at all (`super::literal`). Uses
//! the in-process table regardless of which model made the vectors. This is ColBERT's idea (Khattab and Zaharia, 2020)
//! with context-free token vectors; `super::context` adds the context.

use std::cell::RefCell;

use super::folded::folded;
use super::literal::{Literals, is_literal};
use super::tokens::Tokens;
use super::words::{is_light, is_stop_word, is_time_word};
use crate::embedding::{MAX_TOKENS as MOST_OF_QUERY, QueryTokens, StaticEmbedder, TokenId};

/// Similarities up to this occur between unrelated words.
const NOISE: f32 = 0.35;
/// Maximum number of query tokens; of a longer query, the rarest are used.
const MAX_TOKENS: usize = 32;
/// An upper bound on token numbers in any vocabulary.
const NUMBERS: usize = 1 << 16;

/// A match this good is the word itself or an equivalent.
const FOUND: f32 = 0.8;
/// Other forms of a word match this well.
const SAME_WORD: f32 = 0.55;
/// The emphasis of words that say little about the subject.
const LIGHT: f32 = 0.5;
/// Memories of more distinct tokens than this match by chance, the more so the longer they are.
const SHORT: f32 = 64.0;
/// The base weight of a token, even if every memory of the pool contains it.
const COMMON: f32 = 0.5;

/// The meaningful tokens and words of a query.
pub(super) struct Interaction {
    tokens: QueryTokens,
    /// The emphasis of each token, 0 to 1.
    emphasis: Vec<f32>,
    literals: Literals,
}

thread_local! {
    /// The index of each token's matches, by token number. Entries for tokens not in the current memories are left over
    /// from earlier searches. Kept, because allocating that much memory for each search costs more than the comparison.
    static PLACES: RefCell<Box<[u32]>> = RefCell::new(vec![0; NUMBERS].into_boxed_slice());
}

/// A memory's match with each query token, then with each literal word, each 0 to 1.
pub(super) type Match = Box<[f32]>;

impl Interaction {
    /// Reads a query. If it names a period, the words of that say little: memories of that time need not contain them.
    pub(super) fn new(query: &str, names_period: bool) -> Self {
        let (embedder, query) = (StaticEmbedder::new(), &*folded(query));
        let (mut literals, words) = Literals::taken_from(query);
        let (mut telling, mut light) = (Vec::new(), Vec::new());
        embedder.for_each_word(&words, MOST_OF_QUERY, |word, tokens| match tokens {
            _ if is_literal(word, tokens.map(<[_]>::len)) => literals.add(word),
            // A stop word, or punctuation.
            Some([_]) if is_stop_word(word) => {}
            Some(tokens) => {
                let is_light = is_light(word) || (names_period && is_time_word(word));
                let list = if is_light { &mut light } else { &mut telling };
                list.extend(tokens.iter().filter(|token| has_letters(embedder, **token)));
            }
            None => {}
        });
        // A pasted log has many of these; leave room for its words.
        literals.truncate(MAX_TOKENS / 2);
        let telling = distinct(telling);
        let mut kept = distinct([telling.clone(), light].concat());
        if kept.is_empty() && literals.len() == 0 {
            // Nothing but stop words: use them.
            let all = embedder.tokens(query).into_iter();
            kept = distinct(all.filter(|token| has_letters(embedder, *token)).collect());
        }
        let most = MAX_TOKENS - literals.len();
        if kept.len() > most {
            kept.sort_by(|a, b| embedder.weight(*b).total_cmp(&embedder.weight(*a)));
            kept.truncate(most);
        }
        let emphasis =
            |token| if telling.binary_search(token).is_ok() || telling.is_empty() { 1.0 } else { LIGHT };
        let emphasis = kept.iter().map(emphasis).collect();
        Self { tokens: embedder.query_tokens(&kept), emphasis, literals }
    }

    /// Computes the matches of memories, each given by its tokens and its text, in order.
    pub(super) fn matches<'a>(&self, memories: impl Iterator<Item = (&'a Tokens, &'a str)>) -> Vec<Match> {
        let memories: Vec<(&Tokens, &str)> = memories.collect();
        let distinct = distinct_of(&memories);
        PLACES.with_borrow_mut(|places| {
            let (mut matches, mut similarities) = (Vec::new(), Vec::new());
            // Each distinct token is compared with the query once, however many memories contain it, in the order of
            // the vectors in memory, so that the next one can be prefetched.
            for (place, token) in (0_u32..).zip(&distinct) {
                places[token.index()] = place;
                self.tokens.similarities(*token, &mut similarities);
                matches.extend(similarities.iter().map(|similarity| match *similarity > NOISE {
                    true => similarity * similarity,
                    false => 0.0,
                }));
            }
            let count = self.tokens.tokens().len();
            let best = |(tokens, text): &(&Tokens, &str)| {
                let mut best = vec![0.0_f32; count].into_boxed_slice();
                for token in tokens.as_slice() {
                    let start = places[token.index()] as usize * count;
                    for (best, new) in best.iter_mut().zip(&matches[start..]) {
                        *best = best.max(*new);
                    }
                }
                self.literals.extend(best, text)
            };
            memories.iter().map(best).collect()
        })
    }

    /// Returns the weight of each token; they sum to 1, and tokens that are rare among these memories weigh more. A
    /// name in every turn of a conversation says nothing there, however rare it is elsewhere.
    pub(super) fn shares(&self, matches: &[Match]) -> Vec<f32> {
        let count = matches.len() as f32;
        let rarity = |token: usize| {
            let found = matches.iter().filter(|matched| matched[token] > FOUND).count() as f32;
            let emphasis = self.emphasis.get(token).copied().unwrap_or(1.0);
            emphasis * (COMMON + (1.0 + (count - found + 0.5) / (found + 0.5)).ln())
        };
        let rarities: Vec<f32> = (0..self.tokens.tokens().len() + self.literals.len()).map(rarity).collect();
        let sum = rarities.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        rarities.into_iter().map(|rarity| rarity / sum).collect()
    }
}

/// Returns the distinct tokens of all memories, in ascending order.
fn distinct_of(memories: &[(&Tokens, &str)]) -> Vec<TokenId> {
    let mut seen = [0_u64; NUMBERS / 64];
    let mut distinct = Vec::new();
    for token in memories.iter().flat_map(|(tokens, _)| tokens.as_slice()) {
        let (word, bit) = (token.index() / 64, 1 << (token.index() % 64));
        if seen[word] & bit == 0 {
            seen[word] |= bit;
            distinct.push(*token);
        }
    }
    distinct.sort_unstable();
    distinct
}

/// Combines a memory's matches into one number, 0 to 1.
pub(super) fn total(matched: &[f32], shares: &[f32]) -> f32 {
    matched.iter().zip(shares).map(|(matched, share)| matched * share).sum()
}

/// Returns the share of the query that a memory has in some form of its words, by the weight of each token: 1 for all of it in a
/// memory of average length, up to 1.4 in a shorter one and less in a longer one, as in BM25 (k1 = 1.2, b = 0.5) for words that occur once.
pub(super) fn found(matched: &[f32], shares: &[f32], length: f32) -> f32 {
    let found = matched.iter().zip(shares).filter(|(matched, _)| **matched > SAME_WORD);
    found.map(|(_, share)| share).sum::<f32>() * 2.2 / (1.0 + 1.2 * (0.5 + 0.5 * length))
}

/// Returns the factor for a memory of so many distinct tokens: 1 for a short one, 0.5 for a document of a thousand.
pub(super) fn brevity(tokens: f32) -> f32 {
    (SHORT / tokens.max(SHORT)).powf(0.25)
}

fn has_letters(embedder: StaticEmbedder, token: TokenId) -> bool {
    embedder.spelling(token).chars().any(char::is_alphanumeric)
}

fn distinct(mut tokens: Vec<TokenId>) -> Vec<TokenId> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn score(query: &str, memory: &str) -> f32 {
        scores(query, &[memory])[0]
    }

    fn scores(query: &str, memories: &[&str]) -> Vec<f32> {
        let interaction = Interaction::new(query, false);
        let tokens: Vec<Tokens> = memories.iter().map(|text| Tokens::of(text)).collect();
        let matches = interaction.matches(tokens.iter().zip(memories.iter().copied()));
        let shares = interaction.shares(&matches);
        matches.iter().map(|matched| total(matched, &shares)).collect()
    }

    fn size(query: &str) -> usize {
        let Interaction { tokens, literals, .. } = Interaction::new(query, false);
        tokens.tokens().len() + literals.len()
    }

    #[test]
    fn each_word_is_matched_by_the_most_similar_one() {
        assert!(score("green tea", "I drink tea that is green") > 0.999);
        let half = score("green tea", "The garden is green");
        assert!((0.2..0.6).contains(&half), "{half}");
        assert!(score("which car", "She bought a vehicle") > 0.1);
        assert_eq!(score("which car", "Bananas"), 0.0);
    }

    #[test]
    fn numbers_and_unknown_words_are_there_or_not() {
        assert_eq!(score("17", "Invoice 18 is paid"), 0.0);
        assert_eq!(score("17", "Invoice 17 is paid"), 1.0);
        let found = scores("发票 🎉", &["记录：发票 🎉", "记录：发票", "tea"]);
        assert!(found[0] > 0.999 && found[1] > 0.3 && found[2] == 0.0, "{found:?}");
    }

    #[test]
    fn stop_words_and_punctuation_count_only_where_there_is_nothing_else() {
        assert_eq!(score("what is the tea?", "tea"), score("tea", "tea"));
        assert!(score("who is who?", "who") > 0.0);
        assert_eq!(score("?!", "tea?"), 0.0);
        assert_eq!(score("", "tea"), 0.0);
    }

    #[test]
    fn what_every_memory_has_counts_least() {
        let found = scores("Ada violin", &["Ada: a violin", "Ada: tea", "Ada: bread", "a violin"]);
        assert!(found[0] > found[3] && found[3] > found[1] && found[1] > 0.0, "{found:?}");
    }

    #[test]
    fn of_a_long_query_the_rarest_words_count() {
        let letters: String = ('b'..='z').chain('0'..='9').map(|c| format!("{c} ")).collect();
        let long = format!("{letters} house water city people work dragonfly");
        assert_eq!(size(&long), MAX_TOKENS);
        assert!(score(&long, "dragonfly") > 0.0);
        let numbers: String = (100..140).map(|number| format!("{number} ")).collect();
        assert!(score(&format!("{numbers} dragonfly"), "dragonfly") > 0.0, "numbers leave room for words");
    }

    proptest! {
        #[test]
        fn it_is_the_mean_of_best_matches(query in "[a-z]{1,8}( [a-z]{1,8}){0,5}", memory in ".{0,60}") {
            let embedder = StaticEmbedder::new();
            let asked = Interaction::new(&query, false).tokens.tokens().to_vec();
            prop_assume!(!asked.is_empty());
            let (mut sum, count) = (0.0, asked.len() as f32);
            for token in asked {
                let similarity = |other: TokenId| embedder.similarity(token, other);
                let best = embedder.tokens(&folded(&memory)).into_iter().map(similarity).fold(0.0_f32, f32::max);
                sum += if best > NOISE { best * best } else { 0.0 };
            }
            let interaction = Interaction::new(&query, false);
            let matches = interaction.matches(std::iter::once((&Tokens::of(&memory), memory.as_str())));
            let found = total(&matches[0], &vec![1.0 / count; matches[0].len()]);
            prop_assert!((0.0..=1.000_01).contains(&found));
            prop_assert!((found - sum / count).abs() < 1e-5, "{} is not {}", found, sum / count);
            prop_assert!((interaction.shares(&matches).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
