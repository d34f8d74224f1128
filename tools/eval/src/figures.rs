//! Recall and NDCG: how much of the evidence for a question is among the first results.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use shared::ids::MemoryId;

/// The figures of one evaluation.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) overall: Recall,
    pub(crate) categories: BTreeMap<String, Recall>,
    pub(crate) questions: usize,
}

/// Means over questions, each from 0 to 1. The recall of a question is the share of its
/// evidence among the first results.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Recall {
    pub(crate) recall_at_1: f64,
    pub(crate) recall_at_5: f64,
    pub(crate) recall_at_10: f64,
    pub(crate) recall_at_20: f64,
    /// Each piece of evidence gains 1, discounted by the logarithm of its rank; 1 is the best possible order.
    pub(crate) ndcg_at_10: f64,
}

/// One question with its results.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) category: String,
    pub(crate) evidence: HashSet<MemoryId>,
    /// Best first.
    pub(crate) found: Vec<MemoryId>,
}

impl Figures {
    pub(crate) fn of(answered: &[Answered]) -> Self {
        let mut categories: BTreeMap<String, Vec<&Answered>> = BTreeMap::new();
        for answer in answered {
            categories.entry(answer.category.clone()).or_default().push(answer);
        }
        Self {
            overall: Recall::mean(answered.iter()),
            categories: categories
                .into_iter()
                .map(|(category, answers)| (category, Recall::mean(answers.into_iter())))
                .collect(),
            questions: answered.len(),
        }
    }
}

impl Recall {
    fn mean<'a>(answered: impl ExactSizeIterator<Item = &'a Answered>) -> Self {
        let count = answered.len().max(1) as f64;
        let sum = answered.map(Answered::recall).fold(Self::default(), |sum, one| Self {
            recall_at_1: sum.recall_at_1 + one.recall_at_1,
            recall_at_5: sum.recall_at_5 + one.recall_at_5,
            recall_at_10: sum.recall_at_10 + one.recall_at_10,
            recall_at_20: sum.recall_at_20 + one.recall_at_20,
            ndcg_at_10: sum.ndcg_at_10 + one.ndcg_at_10,
        });
        Self {
            recall_at_1: sum.recall_at_1 / count,
            recall_at_5: sum.recall_at_5 / count,
            recall_at_10: sum.recall_at_10 / count,
            recall_at_20: sum.recall_at_20 / count,
            ndcg_at_10: sum.ndcg_at_10 / count,
        }
    }
}

impl Answered {
    fn recall(&self) -> Recall {
        let among = |most: usize| {
            let found = self.found.iter().take(most).filter(|id| self.evidence.contains(id)).count();
            found as f64 / self.evidence.len() as f64
        };
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let gained: f64 = (0..10)
            .filter(|place| self.found.get(*place).is_some_and(|id| self.evidence.contains(id)))
            .map(gain)
            .sum();
        let best: f64 = (0..self.evidence.len().min(10)).map(gain).sum();
        Recall {
            recall_at_1: among(1),
            recall_at_5: among(5),
            recall_at_10: among(10),
            recall_at_20: among(20),
            ndcg_at_10: gained / best,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_is_the_share_of_evidence_and_order_decides_ndcg() {
        let ids: Vec<MemoryId> = (0..25).map(|_| MemoryId::generate()).collect();
        let answered = |category: &str, evidence: &[usize]| Answered {
            category: category.to_owned(),
            evidence: evidence.iter().map(|place| ids[*place]).collect(),
            found: ids.clone(),
        };
        let figures = Figures::of(&[answered("1", &[0, 6]), answered("2", &[15])]);
        assert_eq!(figures.questions, 2);
        let one = figures.categories["1"];
        assert_eq!((one.recall_at_1, one.recall_at_5, one.recall_at_10), (0.5, 0.5, 1.0));
        let best = 1.0 + 1.0 / 3f64.log2();
        assert!((one.ndcg_at_10 - (1.0 + 1.0 / 8f64.log2()) / best).abs() < 1e-9);
        let two = figures.categories["2"];
        assert_eq!((two.recall_at_10, two.recall_at_20, two.ndcg_at_10), (0.0, 1.0, 0.0));
        assert_eq!(figures.overall.recall_at_20, 1.0);
        assert_eq!(figures.overall.recall_at_1, 0.25);
    }
}
