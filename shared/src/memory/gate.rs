//! The near-duplicate gate: which statements are new, and which an existing memory says already.

use crate::access::TenantTx;
use crate::embedding::Embedding;
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::duplicate::{self, Decision, Fingerprint, Sameness};
use crate::memory::statements::Statement;
use crate::memory::store::similar::{self, Similar};
use crate::memory::{Labels, Outcome};

/// A statement that nothing stored says already, with the id it is stored under.
pub(super) struct Fresh<'a> {
    pub(super) id: MemoryId,
    pub(super) text: &'a str,
    pub(super) fingerprint: Fingerprint,
    /// None while the model is away.
    pub(super) embedding: Option<&'a Embedding>,
    /// The message it is from.
    pub(super) message: usize,
    /// Its place among the statements of its request.
    pub(super) position: i32,
}

/// Where statements are to live, under which labels, and whose vectors they have.
pub(super) struct Place<'a> {
    pub(super) home: ScopeId,
    pub(super) labels: &'a Labels,
    pub(super) model: &'a str,
}

/// The outcome of every statement, and what has to be stored for it to be true. `embeddings` are those of the
/// candidates, in their order; without them only the same text counts as the same. The fingerprints stay locked until the
/// transaction ends.
pub(super) async fn pass<'a>(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    statements: &'a [Statement],
    embeddings: Option<&'a [Embedding]>,
) -> Result<(Vec<Outcome>, Vec<Fresh<'a>>)> {
    let prints = statements.iter().filter_map(|statement| match statement {
        Statement::Candidate { fingerprint, .. } => Some(*fingerprint),
        Statement::Skipped { .. } => None,
    });
    let embedding = |number: usize| embeddings.and_then(|embeddings| embeddings.get(number));
    let asked: Vec<_> = prints.enumerate().map(|(number, print)| (print, embedding(number))).collect();
    let similar = match asked.is_empty() {
        true => Vec::new(),
        false => similar::find(tx, place, &asked).await?,
    };
    let mut fresh: Vec<Fresh<'a>> = Vec::new();
    let mut candidates = 0..asked.len();
    let mut outcomes = Vec::with_capacity(statements.len());
    for (position, statement) in statements.iter().enumerate() {
        let (text, fingerprint, message) = match statement {
            Statement::Candidate { text, fingerprint, message } => (text, *fingerprint, *message),
            Statement::Skipped { text, reason } => {
                outcomes.push(skipped(text, reason, None));
                continue;
            }
        };
        let Some(number) = candidates.next() else { break };
        let stored = similar.iter().filter(|similar| similar.text == number);
        let embedding = embedding(number);
        let said = said_already(text, stored).or_else(|| match embedding {
            Some(embedding) => said_just_now(text, embedding, &fresh),
            None => same_text_just_now(fingerprint, &fresh),
        });
        outcomes.push(match said {
            Some((existing, decision)) => skipped(text, decision.as_str(), Some(existing)),
            None => {
                let position = i32::try_from(position).unwrap_or(i32::MAX);
                let id = MemoryId::generate();
                fresh.push(Fresh { id, text, fingerprint, embedding, message, position });
                Outcome::Added { id, text: text.clone() }
            }
        });
    }
    Ok((outcomes, fresh))
}

fn said_already<'s>(text: &str, similar: impl Iterator<Item = &'s Similar>) -> Option<(MemoryId, Decision)> {
    similar
        .map(|similar| (similar.id, duplicate::compare(text, &similar.content, similar.similarity)))
        .find(|(_, decision)| matches!(decision, Decision::Duplicate(_)))
}

/// By an earlier statement of the same request. Only the nearest are compared word by word, as among what is stored:
/// a long list of invoices has thousands of near ones.
fn said_just_now(text: &str, embedding: &Embedding, fresh: &[Fresh<'_>]) -> Option<(MemoryId, Decision)> {
    let mut near: Vec<(f32, &Fresh<'_>)> = fresh
        .iter()
        .filter_map(|earlier| Some((earlier.embedding?.cosine(embedding), earlier)))
        .filter(|(cosine, _)| *cosine >= duplicate::MIN_COSINE)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.iter()
        .take(similar::NEIGHBOURS as usize)
        .map(|(cosine, earlier)| (earlier.id, duplicate::compare(text, earlier.text, *cosine)))
        .find(|(_, decision)| matches!(decision, Decision::Duplicate(_)))
}

/// Likewise, without vectors.
fn same_text_just_now(fingerprint: Fingerprint, fresh: &[Fresh<'_>]) -> Option<(MemoryId, Decision)> {
    let same = fresh.iter().find(|earlier| earlier.fingerprint == fingerprint)?;
    Some((same.id, Decision::Duplicate(Sameness::Text)))
}

fn skipped(text: &str, reason: &str, existing: Option<MemoryId>) -> Outcome {
    Outcome::Skipped { text: text.to_owned(), reason: reason.to_owned(), existing }
}
