//! Texts with topics: what a few people talk about is similar, and everybody uses the same common words.
//!
//! Word frequencies follow Zipf's law, and each topic has words of its own. The words are English, the sentences are
//! not: search looks at words and vectors, never at grammar.

use std::sync::LazyLock;

use super::Random;

/// The whole words of the vocabulary of all-MiniLM-L6-v2 (Apache-2.0), approximately by descending frequency.
static WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());

/// The number of topics. Both tenants talk about the same ones.
pub(crate) const TOPICS: u32 = 2000;
/// Words that belong to a topic.
const OWN_WORDS: usize = 60;
/// The most frequent words, which hold sentences together.
const COMMON: usize = 120;

/// Returns the text of a memory about a topic: 14 to 29 words. The same seed gives the same text.
pub(crate) fn memory(seed: u64, topic: u32) -> String {
    let mut random = Random(seed ^ 0x6d65_6d6f_7279);
    let length = 14 + random.below(16);
    text(&mut random, topic, length, 35)
}

/// Returns a question about a topic: 4 to 9 words.
pub(crate) fn question(seed: u64, topic: u32) -> String {
    let mut random = Random(seed ^ 0x71_7565_7279);
    let length = 4 + random.below(6);
    text(&mut random, topic, length, 60)
}

/// Returns a text in which `own` per cent of the words belong to the topic; half of the others are common words.
fn text(random: &mut Random, topic: u32, length: usize, own: usize) -> String {
    let mut text = String::with_capacity(length * 7);
    for _ in 0..length {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(if random.below(100) < own {
            word_of(topic, zipf(random, OWN_WORDS))
        } else if random.below(2) == 0 {
            WORDS[zipf(random, COMMON)]
        } else {
            WORDS[COMMON + zipf(random, WORDS.len() - COMMON)]
        });
    }
    text
}

/// Returns a word of a topic by its rank there.
fn word_of(topic: u32, rank: usize) -> &'static str {
    let mut random = Random((u64::from(topic) << 16) + rank as u64);
    WORDS[COMMON + random.below(WORDS.len() - COMMON)]
}

/// Returns a rank below `count`: rank r with a probability of about 1 / (r + 1), normalized.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small"
)]
fn zipf(random: &mut Random, count: usize) -> usize {
    let uniform = (random.next() >> 11) as f64 / (1u64 << 53) as f64;
    // The inverse of the continuous distribution: ln(1 + r) / ln(1 + count).
    let rank = ((count as f64 + 1.0).powf(uniform) - 1.0) as usize;
    rank.min(count - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        assert_eq!(memory(1, 2), memory(1, 2));
        assert_ne!(memory(1, 2), memory(2, 2));
        assert_ne!(question(1, 2), question(1, 3));
    }

    #[test]
    fn memories_of_a_topic_share_words() {
        let words = |seed, topic| memory(seed, topic).split(' ').map(str::to_owned).collect::<Vec<_>>();
        let shared = |topic| {
            let rare = |word: &String| WORDS.iter().position(|known| known == word) >= Some(COMMON);
            let first: Vec<String> = (0..20).flat_map(|seed| words(seed, 7)).filter(rare).collect();
            (100..120).flat_map(|seed| words(seed, topic)).filter(|word| first.contains(word)).count()
        };
        assert!(shared(7) > 2 * shared(8), "{} {}", shared(7), shared(8));
    }

    #[test]
    fn frequent_words_are_much_more_frequent() {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for seed in 0..2000 {
            for word in memory(seed, seed as u32 % TOPICS).split(' ') {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
        let of = |word: &str| counts.get(word).copied().unwrap_or_default();
        assert!(of(WORDS[0]) > 10 * of(WORDS[100]), "{} {}", of(WORDS[0]), of(WORDS[100]));
        assert!(counts.len() > 5000, "{}", counts.len());
    }
}
