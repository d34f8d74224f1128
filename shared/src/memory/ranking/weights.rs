//! The weight of each signal.

use super::Signal;

/// The maximum that each signal adds to a score or subtracts from it, and the reach of context.
///
/// The defaults were chosen on conversations (`docs/adr/0005-retrieval-ranking.md`); only evaluations have a reason to
/// change them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    parts: [f32; Signal::COUNT],
    reach: i32,
}

/// The score of a memory with every word of the query, in the same order of importance: the scale of the others.
const BEST: f32 = 15.0;

impl Default for Weights {
    fn default() -> Self {
        let parts = Signal::ALL.map(|signal| match signal {
            Signal::Interaction => 10.0 / BEST,
            Signal::Semantic => 4.0 / BEST,
            Signal::Bm25 => 1.0 / BEST,
            // As much as everything else together: nothing that is merely similar ranks above it.
            Signal::Identifier => 1.0,
            Signal::Date | Signal::When => 2.0 / BEST,
            Signal::Time | Signal::Reply => 3.0 / BEST,
            Signal::Actor | Signal::Question => -1.0 / BEST,
            // Shares of the first three: on their own they are no reason to recall anything.
            Signal::Recency | Signal::Feedback => 0.1,
            Signal::Superseded => -0.25,
            // A share of what exceeds the threshold.
            Signal::Repetition => -0.8,
        });
        Self { parts, reach: Self::REACH }
    }
}

impl Weights {
    /// The maximum reach of context.
    pub const REACH: i32 = 4;

    /// Returns the weight of a signal.
    #[must_use]
    pub fn get(&self, signal: Signal) -> f32 {
        self.parts[signal as usize]
    }

    /// Returns these weights with one signal's weight replaced.
    #[must_use]
    pub fn with(mut self, signal: Signal, weight: f32) -> Self {
        self.parts[signal as usize] = weight;
        self
    }

    /// Returns these weights without some signals.
    #[must_use]
    pub fn without(self, signals: &[Signal]) -> Self {
        signals.iter().fold(self, |weights, signal| weights.with(*signal, 0.0))
    }

    /// How many positions away a memory of the same capture still gives context.
    #[must_use]
    pub fn reach(&self) -> i32 {
        self.reach
    }

    /// Returns these weights with another reach: from 0, for none, to [`Self::REACH`].
    #[must_use]
    pub fn with_reach(mut self, reach: i32) -> Self {
        self.reach = reach.clamp(0, Self::REACH);
        self
    }

    /// Returns these weights with only the given signals.
    #[must_use]
    pub fn only(self, signals: &[Signal]) -> Self {
        let others = Signal::ALL.into_iter().filter(|signal| !signals.contains(signal));
        others.fold(self, |weights, signal| weights.with(signal, 0.0))
    }
}
