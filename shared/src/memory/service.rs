//! [`Memories`]: the handle through which other modules use this capability.

use std::sync::Arc;

use crate::access::{Action, AuthContext, Gate, PRINCIPAL, ReadableScope};
use crate::audit;
use crate::db::{Expected, Together};
use crate::embedding::{EmbedError, Embedder, Embedding, Purpose, StaticEmbedder};
use crate::error::Result;
use crate::memory::Scopes;
use crate::memory::blocks::Blocks;
use crate::memory::crowds::Crowds;
use crate::memory::filter::Filter;
use crate::memory::store::known::Read;
use crate::memory::store::{self, few};

/// Remembers, recalls and forgets on behalf of a caller. Cheap to clone; creating one does no I/O.
///
/// Each verb has a file of its own beside this one, with its request and its answer.
#[derive(Clone)]
pub struct Memories {
    pub(super) gate: Gate,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) blocks: Blocks,
    pub(super) crowds: Crowds,
    pub(super) reading: Together<Read>,
}

impl Memories {
    /// Creates the service. `embedder` makes the vectors of memories and queries.
    #[must_use]
    pub fn new(gate: Gate, embedder: Arc<dyn Embedder>) -> Self {
        Self {
            gate,
            embedder,
            blocks: Blocks::default(),
            crowds: Crowds::default(),
            reading: store::known::reading(),
        }
    }

    /// Creates the service with the embedder that needs no network.
    #[must_use]
    pub fn in_process(gate: Gate) -> Self {
        Self::new(gate, Arc::new(StaticEmbedder::new()))
    }

    /// Returns the gate through which its callers are authenticated.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What a search without a filter asks: who its caller is, for all that they see, and for a row in the audit log.
    pub(crate) fn usual_search() -> Expected {
        let around = Expected::new(vec![PRINCIPAL.to_owned(), audit::INSERT_KNOWN.to_owned()]);
        match few::usual() {
            Ok((search, nothing)) => around.rehearsing(search, nothing),
            Err(_) => around,
        }
    }

    /// Returns the caller as somebody who also reads the contexts that a request names, by its scopes or its filter, as
    /// far as they are shared with them.
    pub async fn reaching(
        &self,
        caller: AuthContext,
        scopes: &Scopes,
        filter: Option<&Filter>,
    ) -> Result<AuthContext> {
        let filtered = filter.into_iter().flat_map(Filter::scopes);
        Ok(caller.reaching(&self.gate.db, scopes.names().iter().copied().chain(filtered)).await?)
    }

    /// Returns one vector per text, or the reason why the caller must do with words alone.
    pub(super) async fn embed(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Embedding>, Degraded> {
        let failure = match self.embedder.embed(texts, purpose).await {
            Ok(embeddings) if embeddings.len() == texts.len() => return Ok(embeddings),
            Ok(_) => EmbedError::Rejected { reason: "the number of vectors is wrong".to_owned() },
            Err(failure) => failure,
        };
        let cause = std::error::Error::source(&failure).map(ToString::to_string);
        tracing::warn!(model = self.embedder.model(), error = %failure, cause, ?purpose, "no vectors");
        Err(match failure {
            EmbedError::Unavailable(_) => Degraded::Unavailable,
            EmbedError::Rejected { .. } => Degraded::Rejected,
        })
    }
}

/// Why the result relies on words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degraded {
    /// The model did not answer, or not in time.
    Unavailable,
    /// The model gave no usable vector for this text.
    Rejected,
    /// Some memories have no vector of this model yet.
    Unfinished,
}

impl Degraded {
    /// The reason as a phrase for the caller.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => {
                "the embedding model is not available, so memories were found by their words only"
            }
            Self::Rejected => {
                "the embedding model has no vector for this query, so memories were found by their words only"
            }
            Self::Unfinished => {
                "some memories have no vector of the embedding model yet, so they were found by their words only"
            }
        }
    }
}

/// Resolves the scopes of a request and checks each for `action`. A named scope that the caller may not read is not
/// found.
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
