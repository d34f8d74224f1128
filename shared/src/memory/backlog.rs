//! The embedding backlog: computes missing vectors in bounded steps, for memories stored while the model was
//! unavailable and for those whose vector was made by a model other than the configured one.
//!
//! A step claims some memories for a limited time, calls the model outside of any transaction, and stores the vectors
//! of those memories that have not changed in the meantime. If it is interrupted, its claims expire and the work
//! becomes due again; several workers can run steps concurrently. The server calls it on a schedule, and so can a
//! Lambda worker.

use chrono::TimeDelta;

use crate::access::Gate;
use crate::embedding::{EmbedError, Embedder, Embedding, Purpose};
use crate::error::Result;
use crate::memory::store::backlog::{self, Claimed};

/// Memories claimed per step.
const STEP: i32 = 128;

/// Memories sent to the model per call. A smaller batch keeps what is already embedded if the model then goes away.
const AT_ONCE: usize = 32;

/// How long to wait before retrying after the model was unavailable.
const REST: TimeDelta = TimeDelta::seconds(15);

/// The outcome of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Number of memories claimed; 0 if nothing is due now.
    pub claimed: usize,
    /// How many of them have their vector now.
    pub embedded: usize,
    /// How many of them the model rejected. They are retried with increasing delays of at most an hour.
    pub rejected: usize,
    /// The model is unavailable, so there is no point in continuing now.
    pub away: bool,
}

/// Embedding progress across all tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Memories with a vector of the configured model.
    pub done: i64,
    /// Memories without any vector; found by their words only.
    pub pending: i64,
    /// Memories with a vector of another model; found by their words only.
    pub stale: i64,
    /// How many of `pending` and `stale` failed at least once.
    pub failing: i64,
}

impl Backlog {
    /// Embeds what is due, at most `STEP` memories.
    pub async fn step(gate: &Gate, embedder: &dyn Embedder) -> Result<Self> {
        let model = embedder.model();
        let tx = gate.upkeep("memory.claim_embedding_work").await?;
        let claimed = backlog::claim(&tx, model, gate.clock.now(), STEP).await?;
        tx.commit().await?;
        if claimed.is_empty() {
            return Ok(Self::default());
        }
        let mut step = Self { claimed: claimed.len(), ..Self::default() };
        let (embedded, untried) = step.embed(embedder, &claimed).await;
        let tx = gate.upkeep("memory.finish_embedding_work").await?;
        step.embedded = backlog::finish(&tx, model, &embedded).await?;
        if !untried.is_empty() {
            backlog::release(&tx, untried, gate.clock.now() + REST).await?;
        }
        tx.commit().await?;
        Ok(step)
    }

    /// Returns the embedded memories with their vectors, and those that were not tried.
    async fn embed<'a>(
        &mut self,
        embedder: &dyn Embedder,
        claimed: &'a [Claimed],
    ) -> (Vec<(&'a Claimed, Embedding)>, &'a [Claimed]) {
        let mut embedded = Vec::new();
        for (number, some) in claimed.chunks(AT_ONCE).enumerate() {
            let (done, untried) = self.embed_at_once(embedder, some).await;
            embedded.extend(done);
            if !untried.is_empty() {
                return (embedded, &claimed[number * AT_ONCE + some.len() - untried.len()..]);
            }
        }
        (embedded, &[])
    }

    async fn embed_at_once<'a>(
        &mut self,
        embedder: &dyn Embedder,
        claimed: &'a [Claimed],
    ) -> (Vec<(&'a Claimed, Embedding)>, &'a [Claimed]) {
        let texts: Vec<&str> = claimed.iter().map(|claimed| claimed.content.as_str()).collect();
        match embedder.embed(&texts, Purpose::Backlog).await {
            Ok(embeddings) if embeddings.len() == texts.len() => {
                return (claimed.iter().zip(embeddings).collect(), &[]);
            }
            Ok(_) | Err(EmbedError::Rejected { .. }) => {}
            Err(EmbedError::Unavailable(_)) => {
                self.away = true;
                return (Vec::new(), claimed);
            }
        }
        // The model rejected at least one of them; retry one by one so that the others do not wait for it.
        let mut embedded = Vec::new();
        for (number, one) in claimed.iter().enumerate() {
            match embedder.embed(&[&one.content], Purpose::Backlog).await {
                Ok(mut embeddings) if embeddings.len() == 1 => {
                    embedded.extend(embeddings.pop().map(|embedding| (one, embedding)));
                }
                Ok(_) | Err(EmbedError::Rejected { .. }) => {
                    self.rejected += 1;
                    tracing::warn!(memory.id = %one.id, model = embedder.model(), "the embedding model rejects a memory");
                }
                Err(EmbedError::Unavailable(_)) => {
                    self.away = true;
                    return (embedded, &claimed[number..]);
                }
            }
        }
        (embedded, &[])
    }
}

impl Progress {
    /// Counts memories relative to the embedder's model. Scans an index of all memories: meant for people, not for
    /// health probes.
    pub async fn read(gate: &Gate, embedder: &dyn Embedder) -> Result<Self> {
        let tx = gate.upkeep("memory.embedding_progress").await?;
        let counts = backlog::progress(&tx).await?;
        tx.commit().await?;
        let mut progress = Self::default();
        for backlog::Count { model, memories, failing } in counts {
            match model {
                Some(model) if model == embedder.model() => progress.done += memories,
                Some(_) => {
                    (progress.stale, progress.failing) =
                        (progress.stale + memories, progress.failing + failing)
                }
                None => {
                    (progress.pending, progress.failing) =
                        (progress.pending + memories, progress.failing + failing)
                }
            }
        }
        Ok(progress)
    }
}
