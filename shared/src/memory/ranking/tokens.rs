//! A memory's tokens as late interaction reads them: each once, in ascending order.
//!
//! Stored with the memory, because finding them anew costs more than comparing them.

use super::folded::folded;
use crate::embedding::{Embedder as _, StaticEmbedder, TokenId};

/// Tokens of a text that are looked at: more than the longest memory has.
pub(super) const MOST: usize = 1 << 15;

/// The distinct tokens of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tokens(Vec<TokenId>);

impl Tokens {
    /// Of a whole text: its vector is of the beginning alone, but a word at the end is there as well.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = StaticEmbedder::new().first_tokens(&folded(text), MOST);
        tokens.sort_unstable();
        tokens.dedup();
        Self(tokens)
    }

    /// As stored: the mark of the vocabulary, then each token, in two bytes, the low one first.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(vocabulary()).chain(self.0.iter().map(|token| token.number()));
        numbers.flat_map(u16::to_le_bytes).collect()
    }

    /// From what was stored; none if that was with another vocabulary.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (pairs, []) = bytes.as_chunks::<2>() else { return None };
        let mut numbers = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        if numbers.next()? != vocabulary() {
            return None;
        }
        let embedder = StaticEmbedder::new();
        numbers.map(|number| embedder.token(number)).collect::<Option<_>>().map(Self)
    }

    pub(super) fn as_slice(&self) -> &[TokenId] {
        &self.0
    }
}

/// Tells vocabularies apart: FNV-1a of the model's name, folded.
fn vocabulary() -> u16 {
    let embedder = StaticEmbedder::new();
    let hash = embedder
        .model()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_words_count_once() {
        assert_eq!(Tokens::of("tea, Tea and tea"), Tokens::of("and tea,"));
        assert_eq!(Tokens::of(""), Tokens::default());
    }

    #[test]
    fn tokens_of_another_vocabulary_are_not_read() {
        let mut bytes = Tokens::of("green tea").to_bytes();
        assert_eq!(Tokens::from_bytes(&bytes), Some(Tokens::of("green tea")));
        bytes[0] ^= 1;
        assert_eq!(Tokens::from_bytes(&bytes), None);
        assert_eq!(Tokens::from_bytes(&[]), None);
        assert_eq!(Tokens::from_bytes(&bytes[1..]), None);
    }

    #[test]
    fn the_end_of_a_long_text_is_there_and_other_shapes_of_letters_are_the_same() {
        let long = format!("{} Albuquerque", "minutes of the meeting ".repeat(1300));
        let has = |token: &TokenId| Tokens::of(&long).as_slice().contains(token);
        assert!(Tokens::of("Albuquerque").as_slice().iter().all(has));
        assert_eq!(Tokens::of("oﬃce ＡＢＣ１２３ Straße"), Tokens::of("office ABC123 Strasse"));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(text in any::<String>()) {
            let tokens = Tokens::of(&text);
            prop_assert_eq!(Tokens::from_bytes(&tokens.to_bytes()), Some(tokens));
        }
    }
}
