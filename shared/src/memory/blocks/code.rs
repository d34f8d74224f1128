//! Vectors quantized to four bits per dimension, and their similarity to a query.

use wide::{i16x8, i32x4};

use crate::embedding::{DIMENSIONS, Embedding};

/// Size of a code in bytes: a scale, then two dimensions per byte (`mem0.vector_code`).
pub(super) const BYTES: usize = SCALE + DIMENSIONS / 2;
const SCALE: usize = size_of::<f32>();
/// The four-bit value that represents zero.
const ZERO: i32 = 8;

/// Dimensions per lane of a register, and lanes per register.
const IN_LANE: usize = 4;
const LANES: usize = 8;
/// The dimension of each of the four nibbles in a lane, from the lowest up: the earlier dimension of a byte is its
/// upper half.
const ORDER: [usize; IN_LANE] = [1, 0, 3, 2];

/// A query prepared for comparison with many codes.
pub(super) struct Probe {
    /// The query's dimensions, arranged like those of a code: per register of code, by [`ORDER`].
    registers: [[i16x8; IN_LANE]; DIMENSIONS / IN_LANE / LANES],
    /// The integer product with a code that consists of zeros only.
    zero: i32,
    /// The value of one integer step.
    unit: f32,
}

impl Probe {
    pub(super) fn new(query: &Embedding) -> Self {
        let query = query.as_slice();
        let most = query.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let unit = most / f32::from(i16::MAX);
        // The choice of unit keeps these in range: the sum of 256 products with 4-bit values is far below the limits of
        // an `i32`.
        let whole = |dimension: usize| (query[dimension] / unit).round() as i16;
        let lane = |register, lane, place| whole((register * LANES + lane) * IN_LANE + ORDER[place]);
        let register = |number| {
            std::array::from_fn(|place| i16x8::new(std::array::from_fn(|at| lane(number, at, place))))
        };
        let zero = ZERO * (0..DIMENSIONS).map(|dimension| i32::from(whole(dimension))).sum::<i32>();
        Self { registers: std::array::from_fn(register), zero, unit }
    }

    /// Returns the inner product of the query and the coded vector, within a few hundredths. `code` must be [`BYTES`]
    /// long.
    pub(super) fn similarity(&self, code: &[u8]) -> f32 {
        let (scale, code) = code.split_at(SCALE);
        let (registers, _) = code.as_chunks::<{ 2 * LANES }>();
        let (mut sum, low) = (i32x4::splat(0), i16x8::splat(15));
        for (bytes, [first, second, third, fourth]) in registers.iter().zip(&self.registers) {
            let lanes =
                i16x8::new(std::array::from_fn(|at| i16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]])));
            sum += (lanes & low).dot(*first);
            sum += ((lanes >> 4i32) & low).dot(*second);
            sum += ((lanes >> 8i32) & low).dot(*third);
            sum += ((lanes >> 12i32) & low).dot(*fourth);
        }
        let scale = scale.try_into().map_or(0.0, f32::from_be_bytes);
        (sum.reduce_add() - self.zero) as f32 * self.unit * scale
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Does what `mem0.vector_code` does; `tests/search/blocks.rs` checks that one against the memories.
    pub(in crate::memory::blocks) fn code(embedding: &Embedding) -> Vec<u8> {
        let most = embedding.as_slice().iter().fold(0f32, |most, value| most.max(value.abs()));
        let half = |value: f32| (value / most * 7.0).round() as i32 + ZERO;
        let pairs = embedding.as_slice().chunks_exact(2);
        let bytes = pairs.map(|pair| u8::try_from(half(pair[0]) << 4 | half(pair[1])).unwrap());
        (most / 7.0).to_be_bytes().into_iter().chain(bytes).collect()
    }

    /// Returns a unit vector derived from a seed.
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
