//! The tokens of a query, laid out for comparison with very many others: the hot path of late interaction.
//!
//! Returns exactly the values of [`StaticEmbedder::similarity`], several times faster.

use super::static_embedder::StaticEmbedder;
use super::static_table::TokenId;
use super::vector::DIMENSIONS;

/// The tokens of a query. Created by [`StaticEmbedder::query_tokens`].
pub struct QueryTokens {
    embedder: StaticEmbedder,
    tokens: Vec<TokenId>,
    inverse_norms: Vec<f32>,
    /// The quantized vector of each token. 16-bit, because every processor has an instruction that multiplies eight
    /// such pairs and accumulates them in 32 bits, and the compiler uses it (x86-64: `pmaddwd`; ARM64: `smlal`).
    steps: Vec<Steps>,
}

type Steps = [i16; DIMENSIONS];

fn widened(embedder: StaticEmbedder, token: TokenId) -> Steps {
    let mut steps = [0; DIMENSIONS];
    for (wide, narrow) in steps.iter_mut().zip(embedder.steps(token)) {
        *wide = i16::from(narrow);
    }
    steps
}

fn product(a: &Steps, b: &Steps) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

impl QueryTokens {
    pub(super) fn new(embedder: StaticEmbedder, tokens: &[TokenId]) -> Self {
        Self {
            embedder,
            inverse_norms: tokens.iter().map(|&token| embedder.inverse_norm(token)).collect(),
            steps: tokens.iter().map(|&token| widened(embedder, token)).collect(),
            tokens: tokens.to_vec(),
        }
    }

    /// Returns the tokens, in the order of the similarities.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// Computes the similarity of a token to each token of the query, overwriting `similarities`.
    pub fn similarities(&self, token: TokenId, similarities: &mut Vec<f32>) {
        similarities.clear();
        let inverse_norm = self.embedder.inverse_norm(token);
        let steps = widened(self.embedder, token);
        let query = self.tokens.iter().zip(&self.inverse_norms).zip(&self.steps);
        similarities.extend(query.map(|((&query_token, &query_norm), query_steps)| {
            let product = product(query_steps, &steps);
            super::static_embedder::cosine((query_token, query_norm), (token, inverse_norm), product)
        }));
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
