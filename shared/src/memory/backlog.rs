//! Vectors that are still to be made, a bounded step at a time: of memories stored while the model was away, and of those
//! with a vector of another model than the configured one.
//!
//! A step claims some memories for a while, asks the model outside of any transaction, and stores what it got for those
//! that have not changed meanwhile. Whatever interrupts it, the claims run out and the work comes up again; several workers
//! share it without meeting. The server calls it on a schedule, and so can a Lambda worker.

use chrono::TimeDelta;

use crate::access::Gate;
use crate::embedding::{EmbedError, Embedder, Embedding, Purpose};
use crate::error::Result;
use crate::memory::store::backlog::{self, Claimed};

/// Memories in one step.
const STEP: i32 = 128;

/// Of these, so many are asked for at once: what is there already is kept when the model goes away meanwhile.
const AT_ONCE: usize = 32;

/// When the model is asked again after it was away.
const REST: TimeDelta = TimeDelta::seconds(15);

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Memories that were taken up: 0 when there is nothing to do now.
    pub claimed: usize,
    /// Of these, which have their vector now.
    pub embedded: usize,
    /// Of these, which the model refused; tried again ever later, at most an hour.
    pub rejected: usize,
    /// The model does not answer: there is no use in going on right now.
    pub away: bool,
}

/// How far the vectors of all tenants are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Memories with a vector of the configured model.
    pub done: i64,
    /// Memories without any vector; found by their words only.
    pub pending: i64,
    /// Memories with a vector of another model; found by their words only.
    pub stale: i64,
    /// Of the latter two, those that failed at least once.
    pub failing: i64,
}

impl Backlog {
    /// Embeds what is due, at most a few hundred memories.
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

    /// What got a vector, and what was not even tried.
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
        // At least one of them is the trouble; the others shall not wait for it.
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
    /// Counts, under the model that the embedder has. Reads an index of all memories: for people, not for probes.
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
