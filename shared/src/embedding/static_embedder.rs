//! The default embedder: the weighted mean of the normalised vectors of a text's tokens.
//!
//! No network, no start-up work, a few microseconds per query. The result is bit-identical on every platform: integers,
//! and `f32` operations in a fixed order (Rust neither reorders them nor fuses multiplications with additions).
//!
//! Besides whole texts it provides tokens and their similarities, for ranking by late interaction. Word order is lost:
//! "dog bites man" and "man bites dog" have the same vector.

use sha2::{Digest, Sha256};

use super::characters::Words;
use super::query_tokens::QueryTokens;
use super::static_table::{StaticTable, TABLE, TokenId};
use super::vector::{DIMENSIONS, Embedding};
use super::wordpiece::{Piece, for_each_piece, for_each_word};
use super::{Embedder, EmbeddingFuture, Purpose};

/// Maximum number of tokens per text, about 4,000 characters of English; the rest is ignored. An unknown word counts as
/// one token, or as the tokens it began with. A mean over more says little about any part of the text, and the limit
/// bounds the work.
pub const MAX_TOKENS: usize = 1024;

/// Embeds with the table compiled into the binary. Free to create and copy.
#[derive(Clone, Copy)]
pub struct StaticEmbedder {
    table: &'static StaticTable,
}

impl Default for StaticEmbedder {
    fn default() -> Self {
        Self::new()
    }
}

impl StaticEmbedder {
    /// Returns the embedder for the built-in table.
    pub const fn new() -> Self {
        Self { table: &TABLE }
    }

    /// Embeds a text synchronously.
    ///
    /// A text without any known token (empty, only emoji, an unsupported script) gets a vector derived from the hash of
    /// its words: equal for equal texts, nearly orthogonal to everything else.
    pub fn embed_one(&self, text: &str) -> Embedding {
        let mut sum = [0.0f32; DIMENSIONS];
        for_each_piece(self.table, text, MAX_TOKENS, |piece| {
            if let Piece::Known(token) = piece {
                let factor = self.weight(token) * self.inverse_norm(token);
                for (sum, step) in sum.iter_mut().zip(self.steps(token)) {
                    *sum += factor * f32::from(step);
                }
            }
        });
        // Fails only for a zero sum: no known tokens, or vectors that cancel out exactly.
        Embedding::from_array(sum).unwrap_or_else(|_| hashed(self.table, text))
    }

    /// Returns the known tokens of a text in order, including repetitions; at most [`MAX_TOKENS`].
    pub fn tokens(&self, text: &str) -> Vec<TokenId> {
        self.first_tokens(text, MAX_TOKENS)
    }

    /// Does the same with another maximum number of tokens.
    pub fn first_tokens(&self, text: &str, most: usize) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        for_each_piece(self.table, text, most, |piece| {
            if let Piece::Known(token) = piece {
                tokens.push(token);
            }
        });
        tokens
    }

    /// Calls `visit` with each word of a text in order, in lower case and without accents, and with its tokens, or
    /// `None` if it cannot be composed of known ones: emoji, rare characters. Stops after `most` tokens.
    pub fn for_each_word(&self, text: &str, most: usize, visit: impl FnMut(&str, Option<&[TokenId]>)) {
        for_each_word(self.table, text, most, visit);
    }

    /// Returns the token with that number, if it exists.
    pub fn token(&self, number: u16) -> Option<TokenId> {
        (usize::from(number) < self.table.vocabulary()).then_some(TokenId(number))
    }

    /// Returns the cosine similarity of two tokens, from -1 to 1; 1 for a token and itself. For more than a few pairs
    /// use [`Self::query_tokens`].
    pub fn similarity(&self, a: TokenId, b: TokenId) -> f32 {
        let product = self.steps(a).zip(self.steps(b)).map(|(a, b)| i32::from(a) * i32::from(b)).sum();
        cosine((a, self.inverse_norm(a)), (b, self.inverse_norm(b)), product)
    }

    /// Prepares the tokens of a query for comparison with many others.
    pub fn query_tokens(&self, tokens: &[TokenId]) -> QueryTokens {
        QueryTokens::new(*self, tokens)
    }

    /// Returns a token's weight in the mean of a text: near 0 for "the" and punctuation, near 1 for rare words.
    pub fn weight(&self, token: TokenId) -> f32 {
        self.table.weight(token)
    }

    /// Returns the token's spelling in the vocabulary; a continuation of a word begins with `##`.
    pub fn spelling(&self, token: TokenId) -> &'static str {
        str::from_utf8(self.table.text(token)).unwrap_or_default()
    }

    /// Returns the token's quantized vector.
    #[inline]
    pub(super) fn steps(&self, token: TokenId) -> impl Iterator<Item = i8> + use<> {
        self.table.vector(token).iter().map(|byte| byte.cast_signed())
    }

    pub(super) fn inverse_norm(&self, token: TokenId) -> f32 {
        self.table.inverse_norm(token)
    }
}

impl Embedder for StaticEmbedder {
    fn model(&self) -> &str {
        self.table.model()
    }

    fn embed<'a>(&'a self, texts: &'a [&'a str], _: Purpose) -> EmbeddingFuture<'a> {
        let embeddings = texts.iter().map(|text| self.embed_one(text)).collect();
        Box::pin(std::future::ready(Ok(embeddings)))
    }
}

/// Converts the scalar product of two quantized vectors to a cosine. The two norms are multiplied first, so that the
/// order of the tokens makes no difference.
pub(super) fn cosine((a, a_norm): (TokenId, f32), (b, b_norm): (TokenId, f32), product: i32) -> f32 {
    if a == b { 1.0 } else { (product as f32 * (a_norm * b_norm)).clamp(-1.0, 1.0) }
}

/// Returns a vector for unknown words: each bit of their SHA-256 is the sign of one number.
fn hashed(table: &'static StaticTable, text: &str) -> Embedding {
    let (mut words, mut digest, mut left) = (Words::new(table, text), Sha256::new(), MAX_TOKENS);
    while left > 0
        && let Some(word) = words.next()
    {
        digest.update(word);
        digest.update([0]);
        left -= 1;
    }
    let digest = digest.finalize();
    Embedding::from_signs(std::array::from_fn(|index| digest[index / 8] >> (index % 8) & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMBEDDER: StaticEmbedder = StaticEmbedder::new();

    /// Digests all bits of the vectors of some texts.
    fn fingerprint(texts: &[&str]) -> String {
        let mut digest = Sha256::new();
        for text in texts {
            for number in EMBEDDER.embed_one(text).as_slice() {
                digest.update(number.to_le_bytes());
            }
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn cosine(a: &str, b: &str) -> f32 {
        EMBEDDER.embed_one(a).cosine(&EMBEDDER.embed_one(b))
    }

    #[test]
    fn vectors_are_the_same_to_the_bit_on_every_platform() {
        // Changes only together with the table and the model's name, because stored vectors depend on it.
        assert_eq!(EMBEDDER.model(), "static-minilm-256-v1");
        let first = EMBEDDER.embed_one("Deploys are frozen from Friday until Monday.");
        let bits = [0, 1, 127, 255].map(|index| first.as_slice()[index].to_bits());
        assert_eq!(bits, [3190859900, 1042289416, 1030028439, 1029184461]);
        let texts = [
            "the billing team owns invoices",
            "Zürich, 東京 und Łódź?",
            "",
            "🎉",
            "a",
            &"long text ".repeat(2000),
        ];
        assert_eq!(fingerprint(&texts), "9cfc81c964a749dab5bef8039c8b8d9f6eac2cf98c8c4cb7dafbcb35d51d4a8f");
    }

    #[test]
    fn alike_texts_are_closer_than_unlike_ones() {
        let question = "When does the deploy freeze end?";
        let answer = cosine(question, "Releases are frozen until Monday morning.");
        let other = cosine(question, "Maria is allergic to peanuts.");
        assert!(answer > other + 0.2, "{answer} and {other}");
    }

    #[test]
    fn case_accents_and_spacing_do_not_matter() {
        assert_eq!(EMBEDDER.embed_one("Café  au\tLAIT"), EMBEDDER.embed_one("cafe au lait"));
    }

    #[test]
    fn a_text_without_known_tokens_has_a_vector_of_its_own() {
        let texts = ["", "🎉", "🎉🎉", "👍", "\u{13000}\u{13001}"];
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(EMBEDDER.tokens(text), []);
            assert_eq!(EMBEDDER.embed_one(text), EMBEDDER.embed_one(&format!(" {text}\n")));
            for other in texts.iter().skip(index + 1).chain(&["party", "hieroglyphs"]) {
                assert!(cosine(text, other).abs() < 0.3, "{text:?} and {other:?}");
            }
        }
    }

    #[test]
    fn what_follows_the_cut_does_not_count() {
        let kept = "word ".repeat(MAX_TOKENS);
        assert_eq!(EMBEDDER.tokens(&format!("{kept} tail")).len(), MAX_TOKENS);
        assert_eq!(EMBEDDER.embed_one(&format!("{kept} tail")), EMBEDDER.embed_one(&kept));
        let unknown = "🎉 ".repeat(MAX_TOKENS);
        assert_eq!(EMBEDDER.embed_one(&format!("{unknown} tail")), EMBEDDER.embed_one(&unknown));
    }

    #[test]
    fn tokens_are_as_alike_as_their_meanings() {
        let token = |text: &str| EMBEDDER.tokens(text)[0];
        let [car, vehicle, banana] = ["car", "vehicle", "banana"].map(token);
        assert!(EMBEDDER.similarity(car, vehicle) > EMBEDDER.similarity(car, banana) + 0.2);
        assert_eq!(EMBEDDER.similarity(car, banana), EMBEDDER.similarity(banana, car));
        assert_eq!(EMBEDDER.similarity(car, car), 1.0);
        assert!(EMBEDDER.weight(token("the")) < 0.05 && EMBEDDER.weight(token("allergic")) > 0.9);
        let spelled: Vec<_> =
            EMBEDDER.tokens("Unaffable").into_iter().map(|t| EMBEDDER.spelling(t)).collect();
        assert_eq!(spelled, ["una", "##ffa", "##ble"]);
    }

    #[tokio::test]
    async fn a_batch_has_the_vectors_of_its_texts_in_order() {
        let embedder: &dyn Embedder = &EMBEDDER;
        let embeddings = embedder.embed(&["one", "two"], Purpose::Memory).await.unwrap();
        assert_eq!(embeddings, [EMBEDDER.embed_one("one"), EMBEDDER.embed_one("two")]);
        assert_eq!(embedder.embed(&[], Purpose::Memory).await.unwrap(), []);
    }

    proptest! {
        #[test]
        fn any_text_has_a_unit_vector(text in any::<String>()) {
            let embedding = EMBEDDER.embed_one(&text);
            let squared: f64 = embedding.as_slice().iter().map(|&n| f64::from(n) * f64::from(n)).sum();
            prop_assert!((squared - 1.0).abs() < 1e-5);
            prop_assert!(EMBEDDER.tokens(&text).len() <= MAX_TOKENS);
        }

        #[test]
        fn the_order_of_words_barely_matters(words in proptest::collection::vec("[a-z]{1,8}", 1..20)) {
            let reversed: Vec<_> = words.iter().rev().cloned().collect();
            prop_assert!(cosine(&words.join(" "), &reversed.join(" ")) > 0.9999);
        }
    }
}
