//! What a score is made of.

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
        self.0[signal as usize] = part;
    }

    /// All parts together: what memories are ordered by.
    #[must_use]
    pub fn sum(&self) -> f32 {
        self.0.iter().sum()
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
