//! Text to vectors: what the semantic arm of retrieval and the near-duplicate gate compare.
//!
//! Every vector has [`DIMENSIONS`] numbers and unit length ([`Embedding`] makes that true by construction), and
//! comes from an [`Embedder`]. The default is [`StaticEmbedder`]: in-process, no network, microseconds; [`configured`]
//! chooses another where the configuration says so. Vectors of different models do not compare; whoever stores a vector
//! stores [`Embedder::model`] beside it.
//!
//! Not here: ranking, storage, text search. How the table behind the default was made, and why:
//! `docs/adr/0003-static-embedding.md`; models behind a network: `docs/guides/embedding-models.md`. Start reading at
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

/// The vectors of a batch of texts, in the order of the texts, when they are ready.
pub type EmbeddingFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Embedding>, EmbedError>> + Send + 'a>>;

/// Turns texts into vectors. A trait because some models live in this process and others behind a network.
///
/// Written with a boxed future so that the model can be chosen by configuration (`Arc<dyn Embedder>`).
pub trait Embedder: Send + Sync {
    /// Names the model, its version and its dimensions; stored beside every vector it makes.
    fn model(&self) -> &str;

    /// One vector per text, in order. Either all texts are embedded or none. Gives up after a while, which depends on
    /// the purpose.
    fn embed<'a>(&'a self, texts: &'a [&'a str], purpose: Purpose) -> EmbeddingFuture<'a>;
}

/// What vectors are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A search, which somebody waits for and which can do without.
    Query,
    /// What is being remembered; its vector can be made later, but its duplicates are found only now.
    Memory,
    /// What was remembered without a vector, or with one of another model.
    Backlog,
}

impl Purpose {
    /// How many there are.
    const COUNT: usize = 3;
}

/// Why no vectors came back.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The model cannot be reached or is overloaded: the same call may succeed later.
    #[error("the embedding model is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The model refused the texts, or answered with something that is not one unit vector per text. Asking again
    /// with the same texts is pointless.
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
