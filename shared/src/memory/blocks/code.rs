//! Vectors in four bits a dimension, and what they are worth beside a query.

use crate::embedding::{DIMENSIONS, Embedding};

/// Bytes of a code: a scale, and two dimensions to a byte (`mem0.vector_code`).
pub(super) const BYTES: usize = SCALE + DIMENSIONS / 2;
const SCALE: usize = size_of::<f32>();
/// What stands for nothing in four bits.
const ZERO: i32 = 8;

/// A query, made ready to be compared with many codes.
pub(super) struct Probe {
    /// The dimensions in the upper and in the lower halves of bytes.
    upper: [i16; DIMENSIONS / 2],
    lower: [i16; DIMENSIONS / 2],
    /// What a code of nothing but zeros comes to.
    zero: i32,
    /// What one of the integers is worth.
    unit: f32,
}

impl Probe {
    pub(super) fn new(query: &Embedding) -> Self {
        let query = query.as_slice();
        let most = query.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let unit = most / f32::from(i16::MAX);
        // In range by the choice of the unit: the sum of 256 products with 4 bits stays far from the limits of 32.
        let whole = |value: f32| (value / unit).round() as i16;
        let (mut upper, mut lower) = ([0; DIMENSIONS / 2], [0; DIMENSIONS / 2]);
        for (place, pair) in query.chunks_exact(2).enumerate() {
            (upper[place], lower[place]) = (whole(pair[0]), whole(pair[1]));
        }
        let sum = |halves: &[i16]| halves.iter().map(|value| i32::from(*value)).sum::<i32>();
        Self { zero: ZERO * (sum(&upper) + sum(&lower)), upper, lower, unit }
    }

    /// The inner product of the query and what was coded, give or take some hundredths. `code` has [`BYTES`].
    pub(super) fn similarity(&self, code: &[u8]) -> f32 {
        let (scale, code) = code.split_at(SCALE);
        let mut sum = 0;
        for ((byte, upper), lower) in code.iter().zip(&self.upper).zip(&self.lower) {
            sum += i32::from(byte >> 4) * i32::from(*upper) + i32::from(byte & 15) * i32::from(*lower);
        }
        let scale = scale.try_into().map_or(0.0, f32::from_be_bytes);
        (sum - self.zero) as f32 * self.unit * scale
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As `mem0.vector_code` does it; `tests/search/blocks.rs` holds that against the memories.
    pub(in crate::memory::blocks) fn code(embedding: &Embedding) -> Vec<u8> {
        let most = embedding.as_slice().iter().fold(0f32, |most, value| most.max(value.abs()));
        let half = |value: f32| (value / most * 7.0).round() as i32 + ZERO;
        let pairs = embedding.as_slice().chunks_exact(2);
        let bytes = pairs.map(|pair| u8::try_from(half(pair[0]) << 4 | half(pair[1])).unwrap());
        (most / 7.0).to_be_bytes().into_iter().chain(bytes).collect()
    }

    /// A unit vector that a number decides.
    pub(in crate::memory::blocks) fn vector(seed: u64) -> Embedding {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        Embedding::try_from((0..DIMENSIONS).map(|_| next()).collect::<Vec<f32>>()).unwrap()
    }

    #[test]
    fn a_code_is_worth_what_its_vector_is() {
        for seed in 0..200 {
            let (query, stored) = (vector(seed), vector(seed / 2 + 7));
            let pairs = query.as_slice().iter().zip(stored.as_slice());
            let exact: f32 = pairs.map(|(one, other)| one * other).sum();
            let found = Probe::new(&query).similarity(&code(&stored));
            assert!((exact - found).abs() < 0.03, "{seed}: {exact} {found}");
        }
    }

    #[test]
    fn a_code_of_zeros_is_worth_nothing() {
        let zeros: Vec<u8> = [0; SCALE].into_iter().chain([0x88; DIMENSIONS / 2]).collect();
        assert_eq!(Probe::new(&vector(1)).similarity(&zeros), 0.0);
        assert_eq!(zeros.len(), BYTES);
    }
}
