//! [`Memories`]: the handle through which everything else reaches this capability.

use std::sync::Arc;

use crate::access::{Action, AuthContext, Gate, ReadableScope};
use crate::embedding::{EmbedError, Embedder, Embedding, StaticEmbedder};
use crate::error::{Error, Result};
use crate::memory::Scopes;

/// Remembers, recalls and forgets on behalf of a caller. Cheap to clone, and nothing happens when it is made.
///
/// Each verb has a file of its own beside this one, with its request and its answer.
#[derive(Clone)]
pub struct Memories {
    pub(super) gate: Gate,
    pub(super) embedder: Arc<dyn Embedder>,
}

impl Memories {
    /// `embedder` makes the vectors of everything remembered and of every query.
    #[must_use]
    pub fn new(gate: Gate, embedder: Arc<dyn Embedder>) -> Self {
        Self { gate, embedder }
    }

    /// With the embedder that needs no network.
    #[must_use]
    pub fn in_process(gate: Gate) -> Self {
        Self::new(gate, Arc::new(StaticEmbedder::new()))
    }

    /// The gate that its callers come through.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// One vector per text.
    pub(super) async fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        self.embedder.embed(texts).await.map_err(|error| match error {
            EmbedError::Unavailable(_) => {
                Error::unavailable("the embedding model is not available right now", error)
            }
            EmbedError::Rejected { .. } => Error::internal(error),
        })
    }
}

/// The scopes that a request means, each checked for `action`. A named scope that the caller may not read is 404.
pub(super) fn resolve<'a>(
    caller: &'a AuthContext,
    scopes: &Scopes,
    action: Action,
) -> Result<Vec<&'a ReadableScope>> {
    let found: Vec<&ReadableScope> = match scopes {
        Scopes::Personal => vec![caller.personal()?],
        Scopes::All => caller.scopes().iter().collect(),
        Scopes::Named(names) => names.iter().map(|name| caller.resolve(*name)).collect::<Result<_>>()?,
    };
    for scope in &found {
        caller.authorize(action, scope)?;
    }
    Ok(found)
}
