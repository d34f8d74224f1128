//! Duplicate detection: whether a new memory says what an old one already says. The pure half of the gate in front of
//! every write.
//!
//! It takes three steps. [`Fingerprint`]: is it the same text apart from case, spacing and punctuation? [`Wording`]:
//! does it have the same significant words, in any order? An index answers that. [`compare`]: is it the same statement,
//! worded almost alike? Only memories with the same wording are compared.
//!
//! A false duplicate loses what somebody said; a missed one costs a row. So similarity never decides: `prefers tea` and
//! `prefers coffee` are close in every embedding, and one word among many hardly changes it. The words decide, one by
//! one: two texts are duplicates when they have the same words in the same order, ignoring articles, emphasis, simple
//! inflection, contractions and spelling variants. Numbers, identifiers and negations always count. Cosine similarity
//! can only veto.

mod statement;
#[cfg(test)]
mod tests;

use std::fmt;

use sha2::{Digest, Sha256};
use statement::{Statement, normalized};

use crate::ids::ScopeId;
use crate::memory::Labels;

/// Texts with the same words have a higher cosine similarity than this, even where a stored vector includes a share of
/// its neighbours. Below it, the words match by accident.
pub const MIN_COSINE: f32 = 0.7;

/// SHA-256 of the normalised text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Computes the fingerprint of a memory's text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(normalized(text)).into())
    }
}

/// SHA-256 of the sorted significant words. Texts that [`compare`] calls duplicates always have the same wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wording([u8; 32]);

impl Wording {
    /// Computes the wording of a memory's text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let statement = Statement::of(text);
        // A text without significant words matches only itself.
        if statement.words.is_empty() {
            return Self(Sha256::digest(normalized(text)).into());
        }
        let mut hash = Sha256::new();
        for word in sorted(&statement.words) {
            hash.update(word);
            hash.update([0]);
        }
        Self(hash.finalize().into())
    }

    /// Returns the wording within a home and under labels, which bound every comparison: however often a text occurs
    /// elsewhere, an index lookup finds only relevant memories.
    #[must_use]
    pub fn within(&self, home: ScopeId, labels: &Labels) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(home.0.to_be_bytes());
        for label in [&labels.user, &labels.agent, &labels.app, &labels.run] {
            let label = label.as_deref().unwrap_or_default();
            hash.update((label.len() as u64).to_be_bytes());
            hash.update(label);
        }
        Self(hash.finalize().into())
    }

    /// The bytes as stored in the database.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The result of comparing two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The new text adds nothing.
    Duplicate(Sameness),
    /// Both are kept.
    Distinct(Difference),
}

/// How two texts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sameness {
    /// They differ in case, spacing and punctuation at most.
    Text,
    /// They differ in articles, emphasis, inflection, contractions and spelling variants at most.
    Wording,
    /// As for `Wording`, and a part has moved from one end to the other: `in the morning I drink tea`.
    Order,
}

/// What distinguishes two texts; the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Difference {
    /// Different numbers: `4711` and `4712`.
    Number,
    /// Different identifiers, such as names with digits or symbols, paths and addresses: `db-01` and `db-02`.
    Identifier,
    /// One negates what the other says.
    Negation,
    /// Different words.
    Words,
    /// The same words in a different relation: `Ada manages Bob` and `Bob manages Ada`.
    Order,
    /// The same words, but distant vectors.
    Meaning,
}

impl Decision {
    /// The decision as a phrase that answers "why": `same words as an existing memory`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate(Sameness::Text) => "same text as an existing memory",
            Self::Duplicate(Sameness::Wording) => "same words as an existing memory",
            Self::Duplicate(Sameness::Order) => "same words as an existing memory, in another order",
            Self::Distinct(Difference::Number) => "a number differs",
            Self::Distinct(Difference::Identifier) => "an identifier differs",
            Self::Distinct(Difference::Negation) => "one is negated",
            Self::Distinct(Difference::Words) => "the words differ",
            Self::Distinct(Difference::Order) => "the order of the words differs",
            Self::Distinct(Difference::Meaning) => "the meanings differ",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Compares two texts whose embeddings have this cosine similarity (from -1 to 1; any other value is a veto).
#[must_use]
pub fn compare(new: &str, existing: &str, cosine: f32) -> Decision {
    if normalized(new) == normalized(existing) {
        return Decision::Duplicate(Sameness::Text);
    }
    let (new, existing) = (Statement::of(new), Statement::of(existing));
    let difference = if new.numbers != existing.numbers {
        Difference::Number
    } else if new.identifiers != existing.identifiers {
        Difference::Identifier
    } else if new.negations != existing.negations {
        Difference::Negation
    } else if new.words.is_empty() || sorted(&new.words) != sorted(&existing.words) {
        Difference::Words
    } else if cosine.is_nan() || cosine < MIN_COSINE {
        Difference::Meaning
    } else if new.words == existing.words {
        return Decision::Duplicate(Sameness::Wording);
    } else if is_rotation(&new.words, &existing.words) {
        return Decision::Duplicate(Sameness::Order);
    } else {
        Difference::Order
    };
    Decision::Distinct(difference)
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}

/// Returns whether `a` is `b` with its beginning moved to the end. With fewer than four words, that could swap who does
/// what.
fn is_rotation(a: &[String], b: &[String]) -> bool {
    a.len() == b.len()
        && a.len() >= 4
        && (1..a.len()).any(|at| a[at..] == b[..a.len() - at] && a[..at] == b[a.len() - at..])
}
