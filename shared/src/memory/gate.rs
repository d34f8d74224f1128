//! The near-duplicate gate: decides which statements are new and which an existing memory already says.

use std::collections::HashMap;

use crate::access::{Classification, TenantTx};
use crate::embedding::Embedding;
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::duplicate::{self, Decision, Wording};
use crate::memory::statements::Statement;
use crate::memory::store::similar::{self, Similar};
use crate::memory::{Labels, Outcome};

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
/// order; without them, only identical texts are duplicates. `class` is the class that a message's statements would get:
/// if the existing memory has another, the outcome says so. The wordings must be locked.
pub(super) async fn pass<'a>(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    statements: &'a [Statement],
    embeddings: Option<&'a [Embedding]>,
    class: impl Fn(usize) -> Option<Classification>,
) -> Result<(Vec<Outcome>, Vec<Fresh<'a>>)> {
    let embedding = |number: usize| embeddings.and_then(|embeddings| embeddings.get(number));
    let asked: Vec<_> =
        candidates(statements).enumerate().map(|(number, wording)| (wording, embedding(number))).collect();
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
        let said = said_already(text, &stored)
            .or_else(|| said_just_now(text, embedding, earlier.iter().map(|index| &fresh[*index]), &class));
        outcomes.push(match said {
            Some(said) => skipped(text, said.reason(class(message)), Some(said.id)),
            None => {
                let position = i32::try_from(position).unwrap_or(i32::MAX);
                let id = MemoryId::generate();
                earlier.push(fresh.len());
                fresh.push(Fresh { id, text, wording, embedding, message, position });
                Outcome::Added { id, text: text.clone() }
            }
        });
    }
    Ok((outcomes, fresh))
}

/// A memory that already says something.
struct Said {
    id: MemoryId,
    decision: Decision,
    class: Option<Classification>,
}

impl Said {
    /// Why the statement is skipped. Names the class of the existing memory if the statement would have had another,
    /// since fewer or more people may see it than its sender expects.
    fn reason(&self, wanted: Option<Classification>) -> String {
        match (self.class, wanted) {
            (Some(class), Some(wanted)) if class != wanted => {
                format!("{}, which is {class}, not {wanted}", self.decision)
            }
            _ => self.decision.to_string(),
        }
    }
}

fn said_already(text: &str, stored: &[&Similar]) -> Option<Said> {
    stored
        .iter()
        .map(|similar| Said {
            id: similar.id,
            decision: duplicate::compare(text, &similar.content, similar.similarity),
            class: Some(similar.class),
        })
        .find(|said| matches!(said.decision, Decision::Duplicate(_)))
}

/// Finds a duplicate among the earlier statements of the same request that have the same wording.
fn said_just_now<'s, 'a: 's>(
    text: &str,
    embedding: Option<&Embedding>,
    earlier: impl Iterator<Item = &'s Fresh<'a>>,
    class: impl Fn(usize) -> Option<Classification>,
) -> Option<Said> {
    earlier
        .map(|earlier| {
            let cosine = embedding.zip(earlier.embedding).map_or(f32::NAN, |(new, old)| new.cosine(old));
            let decision = duplicate::compare(text, earlier.text, cosine);
            Said { id: earlier.id, decision, class: class(earlier.message) }
        })
        .find(|said| matches!(said.decision, Decision::Duplicate(_)))
}

fn skipped(text: &str, reason: String, existing: Option<MemoryId>) -> Outcome {
    Outcome::Skipped { text: text.to_owned(), reason, existing }
}
