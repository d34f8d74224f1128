//! A validated vector: the right length, finite, of unit length.

use std::fmt;

use half::f16;
use pgvector::HalfVector;

/// The number of dimensions of every vector, whatever the model. Matches `halfvec(256)` in the schema.
pub const DIMENSIONS: usize = 256;

/// The tolerance for the squared length of a unit vector. Larger than the rounding errors of 256 `f32` products,
/// smaller than any difference that matters.
const UNIT_TOLERANCE: f64 = 1e-5;

/// A unit vector in the space of one model: [`DIMENSIONS`] finite numbers.
#[derive(Clone, PartialEq)]
pub struct Embedding([f32; DIMENSIONS]);

/// Why some numbers are not a valid [`Embedding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmbedding {
    /// The length is not [`DIMENSIONS`].
    #[error("a vector has {actual} numbers instead of {DIMENSIONS}")]
    WrongLength {
        /// The actual length.
        actual: usize,
    },
    /// It contains a NaN or an infinity.
    #[error("number {index} of a vector is not finite")]
    NotFinite {
        /// The index of the first one.
        index: usize,
    },
    /// All numbers are zero (or so small that their squares vanish), so there is no direction.
    #[error("a vector has no direction")]
    Zero,
}

impl Embedding {
    /// Returns the numbers.
    pub fn as_slice(&self) -> &[f32; DIMENSIONS] {
        &self.0
    }

    /// Returns the cosine similarity of two vectors of the same model, from -1 to 1. Bit-identical on every platform.
    pub fn cosine(&self, other: &Self) -> f32 {
        // Eight sums in an explicit order: as fast as the compiler's own reordering would be, but reproducible.
        let mut sums = [0.0f32; 8];
        let (left, right) = (self.0.as_chunks::<8>().0, other.0.as_chunks::<8>().0);
        for (left, right) in left.iter().zip(right) {
            for lane in 0..8 {
                sums[lane] += left[lane] * right[lane];
            }
        }
        sums.iter().sum::<f32>().clamp(-1.0, 1.0)
    }

    /// Scales to unit length. A vector that already has unit length is kept bit for bit, so that storing and reading it
    /// back does not change it.
    pub(super) fn from_array(mut numbers: [f32; DIMENSIONS]) -> Result<Self, InvalidEmbedding> {
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(InvalidEmbedding::NotFinite { index });
        }
        let squared = numbers.iter().map(|&number| f64::from(number) * f64::from(number)).sum::<f64>();
        if squared < f64::from(f32::MIN_POSITIVE) {
            return Err(InvalidEmbedding::Zero);
        }
        if (squared - 1.0).abs() > UNIT_TOLERANCE {
            let length = squared.sqrt();
            for number in &mut numbers {
                *number = (f64::from(*number) / length) as f32;
            }
        }
        Ok(Self(numbers))
    }

    /// Returns the vector with these signs and equal magnitudes. Exact even as half floats: every number is ±1/16.
    pub(super) fn from_signs(negative: [bool; DIMENSIONS]) -> Self {
        const { assert!(DIMENSIONS == 16 * 16) };
        Self(negative.map(|negative| if negative { -1.0 / 16.0 } else { 1.0 / 16.0 }))
    }
}

impl fmt::Debug for Embedding {
    /// Hides the numbers: they are useless in a log, and a vector reveals what its text was about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedding(..)")
    }
}

impl TryFrom<&[f32]> for Embedding {
    type Error = InvalidEmbedding;

    fn try_from(numbers: &[f32]) -> Result<Self, InvalidEmbedding> {
        let array =
            numbers.try_into().map_err(|_| InvalidEmbedding::WrongLength { actual: numbers.len() })?;
        Self::from_array(array)
    }
}

impl TryFrom<Vec<f32>> for Embedding {
    type Error = InvalidEmbedding;

    fn try_from(numbers: Vec<f32>) -> Result<Self, InvalidEmbedding> {
        Self::try_from(numbers.as_slice())
    }
}

impl TryFrom<&HalfVector> for Embedding {
    type Error = InvalidEmbedding;

    /// Half floats have 11 significant bits: the result is the nearest unit vector, not the original one.
    fn try_from(halves: &HalfVector) -> Result<Self, InvalidEmbedding> {
        let numbers: Vec<f32> = halves.as_slice().iter().map(|half| half.to_f32()).collect();
        Self::try_from(numbers)
    }
}

impl From<&Embedding> for HalfVector {
    /// Rounds to nearest, ties to even.
    fn from(embedding: &Embedding) -> Self {
        Self::from(embedding.0.iter().map(|&number| f16::from_f32(number)).collect::<Vec<_>>())
    }
}

impl AsRef<[f32]> for Embedding {
    fn as_ref(&self) -> &[f32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn along(axis: usize, length: f32) -> Vec<f32> {
        let mut numbers = vec![0.0; DIMENSIONS];
        numbers[axis] = length;
        numbers
    }

    #[test]
    fn a_vector_of_the_wrong_length_is_refused() {
        for actual in [0, 1, DIMENSIONS - 1, DIMENSIONS + 1, 1536] {
            let refused = Embedding::try_from(vec![0.5; actual]);
            assert_eq!(refused, Err(InvalidEmbedding::WrongLength { actual }));
        }
    }

    #[test]
    fn a_vector_with_a_number_that_is_not_finite_is_refused() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut numbers = along(0, 1.0);
            numbers[7] = bad;
            assert_eq!(Embedding::try_from(numbers), Err(InvalidEmbedding::NotFinite { index: 7 }));
        }
    }

    #[test]
    fn a_vector_without_direction_is_refused() {
        assert_eq!(Embedding::try_from(vec![0.0; DIMENSIONS]), Err(InvalidEmbedding::Zero));
        assert_eq!(Embedding::try_from(vec![f32::MIN_POSITIVE; DIMENSIONS]), Err(InvalidEmbedding::Zero));
    }

    #[test]
    fn a_huge_vector_is_scaled_without_overflow() {
        let embedding = Embedding::try_from(vec![f32::MAX; DIMENSIONS]).unwrap();
        assert!(embedding.as_slice().iter().all(|&number| number == 1.0 / 16.0));
    }

    #[test]
    fn the_cosine_of_opposite_vectors_is_minus_one() {
        let [up, down, right] =
            [along(3, 2.0), along(3, -0.5), along(9, 1.0)].map(|n| Embedding::try_from(n).unwrap());
        assert_eq!((up.cosine(&up), up.cosine(&down), up.cosine(&right)), (1.0, -1.0, 0.0));
    }

    #[test]
    fn debug_output_does_not_give_the_vector_away() {
        let embedding = Embedding::try_from(along(0, 1.0)).unwrap();
        assert_eq!(format!("{embedding:?}"), "Embedding(..)");
    }

    proptest! {
        #[test]
        fn any_accepted_vector_has_unit_length_and_survives_a_round_trip(
            numbers in proptest::collection::vec(-1e3f32..1e3, DIMENSIONS)
        ) {
            let embedding = Embedding::try_from(numbers).unwrap();
            let squared: f64 = embedding.as_slice().iter().map(|&n| f64::from(n) * f64::from(n)).sum();
            prop_assert!((squared - 1.0).abs() < UNIT_TOLERANCE);
            prop_assert_eq!(Embedding::try_from(embedding.as_ref()).unwrap(), embedding.clone());
            let stored = HalfVector::from(&embedding);
            prop_assert!(Embedding::try_from(&stored).unwrap().cosine(&embedding) > 0.9999);
        }
    }
}
