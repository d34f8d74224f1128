//! The tokens of a query, laid out to be compared with very many others: what late interaction spends its time on.
//!
//! Gives exactly what [`StaticEmbedder::similarity`] gives, several times faster and without vector instructions.

use super::static_embedder::StaticEmbedder;
use super::static_table::TokenId;
use super::vector::DIMENSIONS;

/// How many scalar products one `i64` carries at a time.
const LANES: usize = 4;
const LANE_BITS: u32 = 16;

/// Made by [`StaticEmbedder::query_tokens`].
pub struct QueryTokens {
    embedder: StaticEmbedder,
    tokens: Vec<TokenId>,
    inverse_norms: Vec<f32>,
    /// For every four tokens, and every dimension, the four numbers side by side: `a + b·2¹⁶ + c·2³² + d·2⁴⁸`.
    /// Multiplying that by a number multiplies all four, and sums stay apart as long as each fits 16 bits. They do:
    /// rounded vectors are shorter than 128, so no scalar product exceeds 2¹⁴.
    packed: Vec<[i64; DIMENSIONS]>,
}

impl QueryTokens {
    pub(super) fn new(embedder: StaticEmbedder, tokens: &[TokenId]) -> Self {
        let packed = tokens.chunks(LANES).map(|four| {
            let mut packed = [0i64; DIMENSIONS];
            for (lane, &token) in (0u32..).zip(four) {
                for (sum, step) in packed.iter_mut().zip(embedder.steps(token)) {
                    *sum += i64::from(step) << (lane * LANE_BITS);
                }
            }
            packed
        });
        Self {
            embedder,
            inverse_norms: tokens.iter().map(|&token| embedder.inverse_norm(token)).collect(),
            packed: packed.collect(),
            tokens: tokens.to_vec(),
        }
    }

    /// The tokens, in the order of the similarities.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// How alike a token is to each of the query's: replaces what is in `similarities`.
    pub fn similarities(&self, token: TokenId, similarities: &mut Vec<f32>) {
        similarities.clear();
        let inverse_norm = self.embedder.inverse_norm(token);
        for (four, packed) in self.packed.iter().enumerate() {
            let mut sums: i64 = packed
                .iter()
                .zip(self.embedder.steps(token))
                .map(|(packed, step)| packed * i64::from(step))
                .sum();
            let first = four * LANES;
            let last = self.tokens.len().min(first + LANES);
            for (&query_token, &query_norm) in
                self.tokens[first..last].iter().zip(&self.inverse_norms[first..last])
            {
                let product = sums as i16;
                // What a negative lane borrowed from the next one is given back.
                sums = (sums - i64::from(product)) >> LANE_BITS;
                similarities.push(super::static_embedder::cosine(
                    (query_token, query_norm),
                    (token, inverse_norm),
                    i32::from(product),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMBEDDER: StaticEmbedder = StaticEmbedder::new();

    proptest! {
        #[test]
        fn similarities_are_those_of_single_pairs(
            query in proptest::collection::vec(1u16..29_000, 0..11),
            others in proptest::collection::vec(1u16..29_000, 1..20),
        ) {
            let query: Vec<_> = query.into_iter().map(TokenId).collect();
            let prepared = EMBEDDER.query_tokens(&query);
            let mut similarities = vec![7.0];
            for other in others.into_iter().map(TokenId).chain(query.iter().copied()) {
                prepared.similarities(other, &mut similarities);
                let single: Vec<_> = query.iter().map(|&token| EMBEDDER.similarity(token, other)).collect();
                prop_assert_eq!(&similarities, &single);
            }
            prop_assert_eq!(prepared.tokens(), query);
        }
    }
}
