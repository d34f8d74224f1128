//! Diversity: what repeats a memory above it makes room for others.
//!
//! Two memories repeat each other when almost all of their tokens are the same, and every number is. A threshold on the
//! cosine would not do: "invoice 17 is paid" and "invoice 18 is paid" are two facts.

use super::Item;
use super::tokens::Tokens;
use crate::embedding::StaticEmbedder;

/// The share of their tokens, by weight, that two repetitions have in common, at least.
const SAME: f32 = 0.9;
/// Places at the top that are kept free of repetitions. Each is compared with all above it.
const PLACES: usize = 50;

/// Which of these, best first, repeat one that stands above them and is itself no repetition. The first [`PLACES`]
/// distinct ones are looked at.
pub(super) fn repeated(ordered: &[&Item]) -> Vec<bool> {
    let mut distinct: Vec<&Item> = Vec::new();
    let mut repeated = Vec::with_capacity(ordered.len());
    for item in ordered {
        if distinct.len() >= PLACES {
            break;
        }
        let repeats = distinct.iter().any(|above| repeats(&item.tokens, &above.tokens));
        if !repeats {
            distinct.push(item);
        }
        repeated.push(repeats);
    }
    repeated.resize(ordered.len(), false);
    repeated
}

fn repeats(a: &Tokens, b: &Tokens) -> bool {
    let (a, b) = (a.as_slice(), b.as_slice());
    // Too unlike in length to be looked at.
    if 2 * a.len().min(b.len()) < a.len().max(b.len()) {
        return false;
    }
    let embedder = StaticEmbedder::new();
    let (mut same, mut all, mut i, mut j) = (0.0, 0.0, 0, 0);
    while i < a.len() || j < b.len() {
        let (x, y) = (a.get(i), b.get(j));
        let Some(&token) = x.into_iter().chain(y).min() else { break };
        let in_both = x == y;
        i += usize::from(x == Some(&token));
        j += usize::from(y == Some(&token));
        let spelling = embedder.spelling(token);
        if !in_both && spelling.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        // Punctuation says nothing.
        if spelling.chars().any(char::is_alphanumeric) {
            all += embedder.weight(token);
            same += if in_both { embedder.weight(token) } else { 0.0 };
        }
    }
    all > 0.0 && same >= SAME * all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::ranking::tests::item;

    fn marks(texts: &[&str]) -> Vec<bool> {
        let items: Vec<Item> = texts.iter().enumerate().map(|(n, text)| item(n as u128, text)).collect();
        repeated(&items.iter().collect::<Vec<_>>())
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
    fn another_number_is_another_fact() {
        let texts =
            [17, 18, 170].map(|n| format!("Invoice {n} of the northern region is paid by the usual bank"));
        assert_eq!(marks(&texts.each_ref().map(String::as_str)), [false, false, false]);
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
