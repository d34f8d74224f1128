//! Randomness that is the same in every run.

use proptest::test_runner::{RngAlgorithm, TestRng};

/// A generator for property tests whose cases must not differ between two runs of the same code.
pub(crate) fn seeded() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}
