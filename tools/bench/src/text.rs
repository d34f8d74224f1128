//! Memories that people of a company might have, and questions about them: invented, and always the same for a seed.
//!
//! Templates filled from [`vocabulary`]. A memory is about as long as a sentence in a chat (10 to 25 words) and
//! differs from the others in at least one word or number, so that the near-duplicate gate accepts it. The words are
//! few and evenly used, which makes searching harder than in reality: many memories match almost equally well.

pub(crate) mod topics;
mod vocabulary;

use vocabulary::{MEMORIES, QUESTIONS, fill};

/// An endless supply of texts.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    random: Random,
}

impl Writer {
    /// Creates a writer. The same seed gives the same texts in the same order.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { random: Random(seed) }
    }

    /// Returns the text of a memory.
    pub(crate) fn memory(&mut self) -> String {
        self.write(&MEMORIES)
    }

    /// Returns a question.
    pub(crate) fn question(&mut self) -> String {
        self.write(&QUESTIONS)
    }

    fn write(&mut self, templates: &[&str]) -> String {
        let mut rest = self.random.pick(templates);
        let mut text = String::with_capacity(160);
        while let Some((before, slot, after)) = next_slot(rest) {
            text.push_str(before);
            match slot {
                "number" => text.push_str(&(2 + self.random.below(998)).to_string()),
                "day" => text.push_str(&(1 + self.random.below(28)).to_string()),
                slot => text.push_str(self.random.pick(fill(slot))),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// Splits a template at the next `{slot}`: the text before it, its name, and the text after it.
fn next_slot(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (slot, after) = rest.split_once('}')?;
    Some((before, slot, after))
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence of numbers on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, evenly enough: the bounds here are far from 2^64.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or_default()
    }

    pub(crate) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        let texts = |seed| {
            let mut writer = Writer::seeded(seed);
            (0..50).map(|_| writer.memory()).collect::<Vec<_>>()
        };
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
    }

    #[test]
    fn random_numbers_are_those_of_the_paper() {
        // Reference output for seed 1234567.
        let mut random = Random(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn memories_hardly_repeat() {
        let mut writer = Writer::seeded(7);
        let texts: HashSet<String> = (0..20_000).map(|_| writer.memory()).collect();
        assert!(texts.len() > 19_900, "{}", texts.len());
    }

    #[test]
    fn every_slot_is_filled() {
        let mut writer = Writer::seeded(3);
        for _ in 0..5_000 {
            for text in [writer.memory(), writer.question()] {
                assert!(!text.contains(['{', '}']) && text.split(' ').count() >= 4, "{text}");
            }
        }
    }
}
