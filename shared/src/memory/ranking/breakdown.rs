//! The components of a score.

use serde::{Serialize, Serializer};

use super::Signal;

/// What each signal added to a score or subtracted from it. The sum is the score, before clamping to 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Breakdown([f32; Signal::COUNT]);

impl Breakdown {
    /// Returns the contribution of a signal.
    #[must_use]
    pub fn get(&self, signal: Signal) -> f32 {
        self.0[signal as usize]
    }

    pub(super) fn set(&mut self, signal: Signal, part: f32) {
        // Adding zero turns -0 into 0.
        self.0[signal as usize] = part + 0.0;
    }

    /// The sum of all contributions, by which memories are ordered.
    #[must_use]
    pub fn sum(&self) -> f32 {
        self.0.iter().sum()
    }

    /// The sum, clamped to 0 and 1.
    pub(super) fn score(&self) -> f32 {
        self.sum().clamp(0.0, 1.0)
    }

    /// The part that measures how the memory relates to the query. The other signals correct it.
    pub(super) fn relevance(&self) -> f32 {
        [Signal::Interaction, Signal::Semantic, Signal::Bm25].map(|signal| self.get(signal)).iter().sum()
    }

    /// Iterates over every signal with its contribution.
    pub fn parts(&self) -> impl Iterator<Item = (Signal, f32)> + '_ {
        Signal::ALL.into_iter().map(|signal| (signal, self.get(signal)))
    }
}

/// Serializes an object of all signals by name, rounded to four decimals: more would be false precision.
impl Serialize for Breakdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = |part: f32| (f64::from(part) * 10_000.0).round() / 10_000.0;
        serializer.collect_map(self.parts().map(|(signal, part)| (signal.as_str(), rounded(part))))
    }
}
