//! The default embedder: the weighted mean of the directions of a text's tokens.
//!
//! No network, no start-up work, a few microseconds for a query. The same bits on every platform: integers, and
//! `f32` operations in a fixed order (Rust neither reorders them nor fuses a multiplication with an addition).
//!
//! Besides whole texts it gives out tokens and how alike two of them are, for ranking by late interaction. Token
//! order is lost: "dog bites man" and "man bites dog" are one vector.

use sha2::{Digest, Sha256};

use super::characters::Words;
use super::static_table::{StaticTable, TABLE, TokenId};
use super::vector::{DIMENSIONS, Embedding};
use super::wordpiece::{Piece, for_each_piece};
use super::{Embedder, EmbeddingFuture};

/// Texts are cut after so many tokens (unknown words count as one). A mean over more says little about any part of
/// the text, and the work stays bounded: about 0.1 ms for a text of this length.
pub const MAX_TOKENS: usize = 1024;

/// Embeds with the table compiled into the binary. Costs nothing to make or copy.
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
    /// The embedder for the one table there is.
    pub const fn new() -> Self {
        Self { table: &TABLE }
    }

    /// The vector of a text, without the detour of a future.
    ///
    /// A text without any known token (empty, only emoji, an undeciphered script) gets a vector made from the hash
    /// of its words: equal for equal texts, close to orthogonal to everything else.
    pub fn embed_one(&self, text: &str) -> Embedding {
        let mut sum = [0.0f32; DIMENSIONS];
        for_each_piece(self.table, text, MAX_TOKENS, |piece| {
            if let Piece::Known(token) = piece {
                let factor = self.table.weight(token) * self.table.inverse_norm(token);
                for (sum, &step) in sum.iter_mut().zip(self.table.vector(token)) {
                    *sum += factor * f32::from(step.cast_signed());
                }
            }
        });
        // Fails only for a sum of zero: nothing known, or directions that cancel out exactly.
        Embedding::from_array(sum).unwrap_or_else(|_| hashed(self.table, text))
    }

    /// The known tokens of a text in order, repeated ones repeated; at most [`MAX_TOKENS`].
    pub fn tokens(&self, text: &str) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        for_each_piece(self.table, text, MAX_TOKENS, |piece| {
            if let Piece::Known(token) = piece {
                tokens.push(token);
            }
        });
        tokens
    }

    /// Cosine of the directions of two tokens, from -1 to 1; 1 for a token and itself.
    pub fn similarity(&self, a: TokenId, b: TokenId) -> f32 {
        if a == b {
            return 1.0;
        }
        let product: i32 = (self.table.vector(a).iter().zip(self.table.vector(b)))
            .map(|(&a, &b)| i32::from(a.cast_signed()) * i32::from(b.cast_signed()))
            .sum();
        // At most 256 × 127², exact in an f32. The factors first, so that the order of the tokens does not matter.
        (product as f32 * (self.table.inverse_norm(a) * self.table.inverse_norm(b))).clamp(-1.0, 1.0)
    }

    /// How much a token counts in the mean of a text: near 0 for "the" and punctuation, near 1 for rare words.
    pub fn weight(&self, token: TokenId) -> f32 {
        self.table.weight(token)
    }

    /// The token as the vocabulary spells it; the continuation of a word begins with `##`.
    pub fn spelling(&self, token: TokenId) -> &'static str {
        str::from_utf8(self.table.text(token)).unwrap_or_default()
    }
}

impl Embedder for StaticEmbedder {
    fn model(&self) -> &str {
        self.table.model()
    }

    fn embed<'a>(&'a self, texts: &'a [&'a str]) -> EmbeddingFuture<'a> {
        let embeddings = texts.iter().map(|text| self.embed_one(text)).collect();
        Box::pin(std::future::ready(Ok(embeddings)))
    }
}

/// A vector for words nothing is known about: each bit of their SHA-256 is the sign of one number.
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
