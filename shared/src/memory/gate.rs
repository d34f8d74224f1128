//! The near-duplicate gate: decides which statements are new and which an existing memory already says.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::access::{Classification, TenantTx};
use crate::embedding::Embedding;
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::duplicate::{self, Decision, Wording};
use crate::memory::statements::Statement;
use crate::memory::store::similar::{self, Similar};
use crate::memory::{Labels, Metadata, Outcome};

/// The metadata that say who said it, as in mem0.
pub(super) const ACTOR: &str = "actor_id";

/// A statement that no stored memory already says, with the id under which it is stored.
pub(super) struct Fresh<'a> {
    pub(super) id: MemoryId,
    pub(super) text: &'a str,
    pub(super) wording: Wording,
    /// `None` while the model is unavailable.
    pub(super) embedding: Option<&'a Embedding>,
    /// Index of the message it comes from.
    pub(super) message: usize,
    /// Its position among the statements of its request.
    pub(super) position: i32,
    /// What is stored with it.
    pub(super) terms: Terms<'a>,
}

/// What was given along with a statement. A memory with the same text says the same only if it is of the same time and
/// the same person, as far as both are known, and lasts at least as long.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) occurred_at: Option<DateTime<Utc>>,
    pub(super) expires_on: Option<NaiveDate>,
    pub(super) metadata: &'a Metadata,
    pub(super) categories: &'a [String],
    /// The class that its memory has or would get. It makes no difference to what is said.
    pub(super) class: Option<Classification>,
}

/// A statement to look up.
pub(super) struct Asked<'a> {
    pub(super) wording: Wording,
    pub(super) embedding: Option<&'a Embedding>,
    pub(super) terms: Terms<'a>,
}

impl Terms<'_> {
    /// Who said it, if that is known.
    pub(super) fn actor(&self) -> Option<&str> {
        self.metadata.get(ACTOR).and_then(Value::as_str)
    }

    /// Returns whether these terms may be of the same statement as those of an earlier one, and end no later.
    fn are_covered_by(&self, earlier: &Terms<'_>) -> bool {
        let differ = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(a, b)| a != b);
        let other_time = self.occurred_at.zip(earlier.occurred_at).is_some_and(|(a, b)| a != b);
        let lasts =
            earlier.expires_on.is_none_or(|last| self.expires_on.is_some_and(|wanted| wanted <= last));
        lasts && !other_time && !differ(self.actor(), earlier.actor())
    }

    /// Names the fields that the existing memory does not have like this.
    fn missing_in(&self, existing: &Terms<'_>) -> Vec<&'static str> {
        let known = |(name, value)| existing.metadata.get(name) == Some(value);
        [
            ("metadata", !self.metadata.iter().all(known)),
            ("categories", !self.categories.iter().all(|name| existing.categories.contains(name))),
            ("timestamp", self.occurred_at.is_some() && existing.occurred_at.is_none()),
            ("expiration_date", self.expires_on.is_some() && existing.expires_on != self.expires_on),
        ]
        .into_iter()
        .filter_map(|(field, missing)| missing.then_some(field))
        .collect()
    }
}

impl Similar {
    fn terms(&self) -> Terms<'_> {
        Terms {
            occurred_at: self.occurred_at,
            expires_on: self.expires_on,
            metadata: &self.metadata,
            categories: &self.categories,
            class: Some(self.class),
        }
    }
}

/// Where statements are to be stored, under which labels, and which model made their vectors.
pub(super) struct Place<'a> {
    pub(super) home: ScopeId,
    pub(super) labels: &'a Labels,
    pub(super) model: &'a str,
}

/// Prevents concurrent transactions from adding the same statements to a home, under any labels, until this one ends.
/// Call it once per home, before the first [`pass`]. `all` is the number of statements in the whole request.
pub(super) async fn lock<'a>(
    tx: &TenantTx<'_>,
    home: ScopeId,
    statements: impl Iterator<Item = (&'a Labels, &'a [Statement])>,
    all: usize,
) -> Result<()> {
    let wordings: Vec<Wording> = statements
        .flat_map(|(labels, statements)| candidates(statements).map(move |it| it.within(home, labels)))
        .collect();
    if !wordings.is_empty() {
        similar::lock(tx, home, &wordings, all).await?;
    }
    Ok(())
}

fn candidates(statements: &[Statement]) -> impl Iterator<Item = Wording> {
    statements.iter().filter_map(|statement| match statement {
        Statement::Candidate { wording, .. } => Some(*wording),
        Statement::Skipped { .. } => None,
    })
}

/// Returns the outcome of every statement, and the statements to store. `embeddings` are those of the candidates, in
/// order; without them, only identical texts are duplicates. `terms` are those of a message. The wordings must be
/// locked.
pub(super) async fn pass<'a>(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    statements: &'a [Statement],
    embeddings: Option<&'a [Embedding]>,
    terms: impl Fn(usize) -> Terms<'a>,
) -> Result<(Vec<Outcome>, Vec<Fresh<'a>>)> {
    let embedding = |number: usize| embeddings.and_then(|embeddings| embeddings.get(number));
    let asked: Vec<Asked<'_>> = statements
        .iter()
        .filter_map(|statement| match statement {
            Statement::Candidate { wording, message, .. } => Some((*wording, *message)),
            Statement::Skipped { .. } => None,
        })
        .enumerate()
        .map(|(number, (wording, message))| Asked {
            wording,
            embedding: embedding(number),
            terms: terms(message),
        })
        .collect();
    let similar: Vec<Similar> = match asked.is_empty() {
        true => Vec::new(),
        false => similar::find(tx, place, &asked).await?,
    };
    let mut similar = similar.iter().peekable();
    let mut fresh: Vec<Fresh<'a>> = Vec::new();
    let mut worded: HashMap<Wording, Vec<usize>> = HashMap::new();
    let mut candidates = 0..asked.len();
    let mut outcomes = Vec::with_capacity(statements.len());
    for (position, statement) in statements.iter().enumerate() {
        let (text, wording, message) = match statement {
            Statement::Candidate { text, wording, message } => (text, *wording, *message),
            Statement::Skipped { text, reason } => {
                outcomes.push(skipped(text, (*reason).to_owned(), None));
                continue;
            }
        };
        let Some(number) = candidates.next() else { break };
        // Both are in the order of the statements.
        let stored: Vec<&Similar> =
            std::iter::from_fn(|| similar.next_if(|similar| similar.text == number)).collect();
        let earlier = worded.entry(wording).or_default();
        let embedding = embedding(number);
        let terms = asked[number].terms;
        let said = said_already(text, &terms, &stored)
            .or_else(|| said_just_now(text, &terms, embedding, earlier.iter().map(|index| &fresh[*index])));
        outcomes.push(match said {
            Some(said) => skipped(text, said.reason(), Some(said.id)),
            None => {
                let position = i32::try_from(position).unwrap_or(i32::MAX);
                let id = MemoryId::generate();
                earlier.push(fresh.len());
                fresh.push(Fresh { id, text, wording, embedding, message, position, terms });
                Outcome::Added { id, text: text.clone() }
            }
        });
    }
    Ok((outcomes, fresh))
}

/// A memory that says it already.
struct Said {
    id: MemoryId,
    decision: Decision,
    /// Its class and the one that the new statement would have had, if they differ.
    classes: Option<(Classification, Classification)>,
    /// The fields that it does not have like the new statement.
    missing: Vec<&'static str>,
}

impl Said {
    fn new(id: MemoryId, decision: Decision, terms: &Terms<'_>, existing: &Terms<'_>) -> Self {
        let classes = existing.class.zip(terms.class).filter(|(class, wanted)| class != wanted);
        Self { id, decision, classes, missing: terms.missing_in(existing) }
    }

    /// Why nothing is added, and what is therefore not stored. Names the class of the memory if the statement would have
    /// had another, since fewer or more people may see it than its sender expects.
    fn reason(&self) -> String {
        let mut reason = self.decision.to_string();
        if let Some((class, wanted)) = self.classes {
            reason += &format!(", which is {class}, not {wanted}");
        }
        if !self.missing.is_empty() {
            reason += &format!("; not taken over: {}", self.missing.join(", "));
        }
        reason
    }
}

fn said_already(text: &str, terms: &Terms<'_>, stored: &[&Similar]) -> Option<Said> {
    stored
        .iter()
        .map(|similar| {
            let decision = duplicate::compare(text, &similar.content, similar.similarity);
            Said::new(similar.id, decision, terms, &similar.terms())
        })
        .find(|said| matches!(said.decision, Decision::Duplicate(_)))
}

/// Finds a duplicate among the earlier statements of the same request that have the same wording.
fn said_just_now<'s, 'a: 's>(
    text: &str,
    terms: &Terms<'_>,
    embedding: Option<&Embedding>,
    earlier: impl Iterator<Item = &'s Fresh<'a>>,
) -> Option<Said> {
    earlier
        .filter(|earlier| terms.are_covered_by(&earlier.terms))
        .map(|earlier| {
            let cosine = embedding.zip(earlier.embedding).map_or(f32::NAN, |(new, old)| new.cosine(old));
            let decision = duplicate::compare(text, earlier.text, cosine);
            Said::new(earlier.id, decision, terms, &earlier.terms)
        })
        .find(|said| matches!(said.decision, Decision::Duplicate(_)))
}

fn skipped(text: &str, reason: String, existing: Option<MemoryId>) -> Outcome {
    Outcome::Skipped { text: text.to_owned(), reason, existing }
}
