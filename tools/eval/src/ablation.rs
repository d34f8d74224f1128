//! Variants of the ranking, to see what each signal contributes.

use shared::memory::{Signal, Weights};

/// A ranking to evaluate.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) weights: Weights,
}

impl Variant {
    /// The product's own ranking.
    pub(crate) fn default() -> Self {
        Self::new("everything", Weights::default())
    }

    fn new(name: impl Into<String>, weights: Weights) -> Self {
        Self { name: name.into(), weights }
    }

    /// The product's own ranking, each signal alone if it can stand alone, and everything without each signal.
    pub(crate) fn all() -> Vec<Self> {
        let full = Weights::default();
        let alone = full.with_reach(0);
        let mut variants = vec![
            Self::default(),
            Self::new("semantic only", full.only(&[Signal::Semantic])),
            Self::new("bm25 only", full.only(&[Signal::Bm25])),
            Self::new(
                "semantic and bm25",
                full.only(&[Signal::Semantic, Signal::Bm25]).with(Signal::Bm25, 0.27),
            ),
            Self::new("interaction only, without neighbours", alone.only(&[Signal::Interaction])),
            Self::new("interaction only", full.only(&[Signal::Interaction])),
            Self::new("interaction and semantic", full.only(&[Signal::Interaction, Signal::Semantic])),
            Self::new("without neighbours", alone),
        ];
        variants.extend(
            Signal::ALL
                .map(|signal| Self::new(format!("without {}", signal.as_str()), full.without(&[signal]))),
        );
        variants
    }

    /// Parses weights that replace some of the product's: `signal=weight` or `reach=positions`, separated by commas.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut weights = Weights::default();
        for part in text.split(',') {
            let (name, value) =
                part.split_once('=').ok_or_else(|| format!("{part:?} is not signal=weight"))?;
            let value: f32 = value.parse().map_err(|_| format!("{value:?} is not a number"))?;
            match Signal::ALL.into_iter().find(|signal| signal.as_str() == name) {
                Some(signal) => weights = weights.with(signal, value),
                None if name == "reach" => weights = weights.with_reach(value as i32),
                None => return Err(format!("no signal is called {name:?}")),
            }
        }
        Ok(Self::new(text, weights))
    }
}
