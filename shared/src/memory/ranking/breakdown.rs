//! What a score is made of.

use serde::{Serialize, Serializer};

use super::Signal;

/// What each signal added to a score, or took from it. The sum is the score, unless that was cut at 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Breakdown([f32; Signal::COUNT]);

impl Breakdown {
    /// A signal's part.
    #[must_use]
    pub fn get(&self, signal: Signal) -> f32 {
        self.0[signal as usize]
    }

    pub(super) fn set(&mut self, signal: Signal, part: f32) {
        // No part is minus nothing.
        self.0[signal as usize] = part + 0.0;
    }

    /// All parts together: what memories are ordered by.
    #[must_use]
    pub fn sum(&self) -> f32 {
        self.0.iter().sum()
    }

    /// The sum, cut at 0 and 1.
    pub(super) fn score(&self) -> f32 {
        self.sum().clamp(0.0, 1.0)
    }

    /// What the query itself has to do with the memory. The other signals correct that.
    pub(super) fn relevance(&self) -> f32 {
        [Signal::Interaction, Signal::Semantic, Signal::Bm25].map(|signal| self.get(signal)).iter().sum()
    }

    /// Every signal with its part.
    pub fn parts(&self) -> impl Iterator<Item = (Signal, f32)> + '_ {
        Signal::ALL.into_iter().map(|signal| (signal, self.get(signal)))
    }
}

/// As an object of all signals by name, each rounded to four decimals: more would only look precise.
impl Serialize for Breakdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = |part: f32| (f64::from(part) * 10_000.0).round() / 10_000.0;
        serializer.collect_map(self.parts().map(|(signal, part)| (signal.as_str(), rounded(part))))
    }
}
