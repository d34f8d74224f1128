//! Diversity: a memory that repeats one above it makes room for others.
//!
//! Two memories repeat each other when they are the same statement by the rule of the write gate
//! ([`crate::memory::duplicate`]): the same words in the same order. A threshold on similarity would not do: "invoice 17
//! is paid" and "invoice 18 is paid" are two facts, and so are "Ann reports to Bob" and "Bob reports to Ann".

use super::Item;
use crate::embedding::{StaticEmbedder, TokenId};
use crate::memory::duplicate::{Decision, compare};

/// The minimum share of tokens, by weight, that two memories must have in common to be compared word by word.
const SAME: f32 = 0.9;
/// The number of top places kept free of repetitions. Each is compared with all above it.
const PLACES: usize = 50;

/// Returns which of the items, given best first, repeat one above them that is not itself a repetition. Stops after the
/// first `most` distinct ones, or [`PLACES`] if that is less.
pub(super) fn repeated(ordered: &[&Item], most: usize) -> Vec<bool> {
    let mut distinct: Vec<Weighed<'_>> = Vec::new();
    let mut repeated = Vec::with_capacity(ordered.len());
    for item in ordered {
        if distinct.len() >= PLACES.min(most) {
            break;
        }
        let weighed = Weighed::new(item);
        let repeats = distinct.iter().any(|above| above.repeats(&weighed));
        if !repeats {
            distinct.push(weighed);
        }
        repeated.push(repeats);
    }
    repeated.resize(ordered.len(), false);
    repeated
}

/// The tokens of a memory that carry meaning.
struct Weighed<'a> {
    text: &'a str,
    /// In ascending order.
    tokens: Vec<Weight>,
    sum: f32,
}

#[derive(Clone, Copy)]
struct Weight {
    token: TokenId,
    weight: f32,
    is_number: bool,
}

impl<'a> Weighed<'a> {
    fn new(item: &'a Item) -> Self {
        let embedder = StaticEmbedder::new();
        let weigh = |token: &TokenId| {
            let spelling = embedder.spelling(*token);
            let is_number = spelling.bytes().any(|byte| byte.is_ascii_digit());
            let weight = Weight { token: *token, weight: embedder.weight(*token), is_number };
            // Punctuation carries no meaning.
            spelling.chars().any(char::is_alphanumeric).then_some(weight)
        };
        let tokens: Vec<Weight> = item.tokens.as_slice().iter().filter_map(weigh).collect();
        let sum = tokens.iter().map(|weight| weight.weight).sum();
        Self { text: &item.memory.content, tokens, sum }
    }

    fn repeats(&self, other: &Weighed<'_>) -> bool {
        self.resembles(other) && matches!(compare(self.text, other.text, 1.0), Decision::Duplicate(_))
    }

    /// Returns whether it may say what the other says. Most pairs differ within their first few tokens.
    fn resembles(&self, other: &Weighed<'_>) -> bool {
        let bearable = (1.0 - SAME) * (self.sum + other.sum);
        let (mut same, mut missing) = (0.0, 0.0);
        let (mut i, mut j) = (0, 0);
        loop {
            let (ours, theirs) = (self.tokens.get(i), other.tokens.get(j));
            let Some(least) = ours.into_iter().chain(theirs).min_by_key(|weight| weight.token) else { break };
            let has = |weight: Option<&Weight>| weight.is_some_and(|weight| weight.token == least.token);
            let (in_ours, in_theirs) = (has(ours), has(theirs));
            i += usize::from(in_ours);
            j += usize::from(in_theirs);
            if in_ours && in_theirs {
                same += least.weight;
            } else {
                missing += least.weight;
                if least.is_number || missing > bearable {
                    return false;
                }
            }
        }
        same > 0.0 && same >= SAME * (same + missing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::ranking::tests::item;

    fn marks(texts: &[&str]) -> Vec<bool> {
        let items: Vec<Item> = texts.iter().enumerate().map(|(n, text)| item(n as u128, text)).collect();
        repeated(&items.iter().collect::<Vec<_>>(), usize::MAX)
    }

    #[test]
    fn the_same_in_almost_the_same_words_is_repetition() {
        let texts = [
            "The billing team owns the invoice service and its database",
            "the billing team owns the invoice service, and its database!",
            "The platform team owns the invoice service and its database",
            "The billing team owns the invoice service and its database",
        ];
        assert_eq!(marks(&texts), [false, true, false, true]);
    }

    #[test]
    fn the_same_words_can_say_something_else() {
        for (one, other) in [
            (
                "Anna Schmidt reports to Bob Keller in logistics",
                "Bob Keller reports to Anna Schmidt in logistics",
            ),
            (
                "Contractors may use the production database",
                "Contractors may not use the production database",
            ),
            ("The night train goes from Vienna to Rome", "The night train goes from Rome to Vienna"),
            ("Version 4.2 of the router is broken", "Version 2.4 of the router is broken"),
        ] {
            assert_eq!(marks(&[one, other]), [false, false], "{other}");
        }
    }

    #[test]
    fn another_number_is_another_fact() {
        let texts =
            [17, 18, 170].map(|n| format!("Invoice {n} of the northern region is paid by the usual bank"));
        assert_eq!(marks(&texts.each_ref().map(String::as_str)), [false, false, false]);
        for (one, other) in
            [("🟢", "🔴"), ("+5 degrees", "-5 degrees"), ("a ≤ b", "a ≥ b"), ("€ 5", "₿ 5"), ("壹万", "贰万")]
        {
            let texts = [one, other]
                .map(|value| format!("The state of the nightly build on the main branch is {value}"));
            assert_eq!(marks(&texts.each_ref().map(String::as_str)), [false, false], "{one} and {other}");
        }
        assert_eq!(marks(&["🎉", "🎉"]), [false, false], "nothing is known about them");
    }

    proptest! {
        #[test]
        fn one_repetition_is_enough_and_the_first_is_none(text in "[a-z ]{0,40}", others in 1..5usize) {
            let known = text.contains(char::is_alphabetic);
            let marks = marks(&vec![text.as_str(); others + 1]);
            prop_assert!(!marks[0]);
            prop_assert!(marks[1..].iter().all(|mark| *mark == known));
        }
    }
}
