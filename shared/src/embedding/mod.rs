//! Text embeddings: the vectors compared by the semantic arm of retrieval and the near-duplicate gate.
//!
//! Every vector has [`DIMENSIONS`] numbers and unit length (guaranteed by the constructors of [`Embedding`]), and comes
//! from an [`Embedder`]. The default is [`StaticEmbedder`]: in-process, no network, microseconds; [`configured`]
//! returns another if the configuration asks for it. Vectors of different models are not comparable, so
//! [`Embedder::model`] is stored beside every vector.
//!
//! Not here: ranking, storage, text search. The table behind the default is described in
//! `docs/adr/0003-static-embedding.md`, models behind a network in `docs/guides/embedding-models.md`. Start reading at
//! [`StaticEmbedder`].

mod characters;
mod query_tokens;
mod remote;
mod static_embedder;
mod static_table;
mod vector;
mod wordpiece;

use std::future::Future;
use std::pin::Pin;

pub use query_tokens::QueryTokens;
pub use remote::configured;
pub use static_embedder::{MAX_TOKENS, StaticEmbedder};
pub use static_table::TokenId;
pub use vector::{DIMENSIONS, Embedding, InvalidEmbedding};

/// A future for the vectors of a batch of texts, in the order of the texts.
pub type EmbeddingFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Embedding>, EmbedError>> + Send + 'a>>;

/// Turns texts into vectors. A trait because some models run in this process and others behind a network.
///
/// It returns a boxed future so that the model can be chosen by configuration (`Arc<dyn Embedder>`).
pub trait Embedder: Send + Sync {
    /// The name of the model with its version and dimensions; stored beside every vector.
    fn model(&self) -> &str;

    /// Returns one vector per text, in order. Either all texts are embedded or none. Times out after a time that
    /// depends on the purpose.
    fn embed<'a>(&'a self, texts: &'a [&'a str], purpose: Purpose) -> EmbeddingFuture<'a>;
}

/// What the vectors are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A search, for which somebody is waiting and which can do without vectors.
    Query,
    /// A memory being stored; its vector can be made later, but its duplicates are only found now.
    Memory,
    /// A memory stored without a vector, or with one of another model.
    Backlog,
}

impl Purpose {
    /// The number of purposes.
    const COUNT: usize = 3;
}

/// Why no vectors were returned.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The model is unreachable or overloaded: the same call may succeed later.
    #[error("the embedding model is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The model rejected the texts, or did not return one valid vector per text. Retrying with the same texts is
    /// pointless.
    #[error("the embedding was rejected: {reason}")]
    Rejected {
        /// What was wrong; never contains the text itself.
        reason: String,
    },
}

impl From<InvalidEmbedding> for EmbedError {
    fn from(invalid: InvalidEmbedding) -> Self {
        Self::Rejected { reason: invalid.to_string() }
    }
}
