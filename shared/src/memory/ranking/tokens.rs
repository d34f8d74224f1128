//! The tokens of a memory for late interaction: distinct and in ascending order.
//!
//! They are stored with the memory, because tokenizing costs more than comparing.

use super::folded::folded;
use crate::embedding::{Embedder as _, StaticEmbedder, TokenId};

/// Maximum number of tokens read from a text: more than the longest memory has.
pub(super) const MOST: usize = 1 << 15;

/// The distinct tokens of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tokens(Vec<TokenId>);

impl Tokens {
    /// Tokenizes a whole text: its vector covers only the beginning, but a word at the end counts too.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = StaticEmbedder::new().first_tokens(&folded(text), MOST);
        tokens.sort_unstable();
        tokens.dedup();
        Self(tokens)
    }

    /// Encodes the tokens for storage: the vocabulary tag, then each token, as little-endian 16-bit integers.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(vocabulary()).chain(self.0.iter().map(|token| token.number()));
        numbers.flat_map(u16::to_le_bytes).collect()
    }

    /// Decodes stored tokens; returns `None` if they belong to another vocabulary.
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

/// Identifies the vocabulary: FNV-1a of the model's name, folded to 16 bits.
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
