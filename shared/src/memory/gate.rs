//! The near-duplicate gate: decides which statements are new and which an existing memory already says.

use std::collections::HashMap;

use crate::access::TenantTx;
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
/// order; without them, only identical texts are duplicates. The wordings must be locked.
pub(super) async fn pass<'a>(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    statements: &'a [Statement],
    embeddings: Option<&'a [Embedding]>,
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
                outcomes.push(skipped(text, reason, None));
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
            .or_else(|| said_just_now(text, embedding, earlier.iter().map(|index| &fresh[*index])));
        outcomes.push(match said {
            Some((existing, decision)) => skipped(text, decision.as_str(), Some(existing)),
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

fn said_already(text: &str, stored: &[&Similar]) -> Option<(MemoryId, Decision)> {
    stored
        .iter()
        .map(|similar| (similar.id, duplicate::compare(text, &similar.content, similar.similarity)))
        .find(|(_, decision)| matches!(decision, Decision::Duplicate(_)))
}

/// Finds a duplicate among the earlier statements of the same request that have the same wording.
fn said_just_now<'s, 'a: 's>(
    text: &str,
    embedding: Option<&Embedding>,
    earlier: impl Iterator<Item = &'s Fresh<'a>>,
) -> Option<(MemoryId, Decision)> {
    earlier
        .map(|earlier| {
            let cosine = embedding.zip(earlier.embedding).map_or(f32::NAN, |(new, old)| new.cosine(old));
            (earlier.id, duplicate::compare(text, earlier.text, cosine))
        })
        .find(|(_, decision)| matches!(decision, Decision::Duplicate(_)))
}

fn skipped(text: &str, reason: &str, existing: Option<MemoryId>) -> Outcome {
    Outcome::Skipped { text: text.to_owned(), reason: reason.to_owned(), existing }
}
