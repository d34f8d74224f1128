//! Embedding models behind a network, and operation without them.
//!
//! No embedding server can be installed without downloading a model, so the other side is [`peer`]: a small HTTP
//! server written from the published formats, which can misbehave. The vendors' own clients verify it: OpenAI's Python
//! package reads its answers, botocore calls its Bedrock and recomputes our signatures (`clients`).

mod bedrock;
pub(crate) mod clients;
mod degraded;
mod openai;
mod peer;
mod reembedding;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use shared::clock::Clock;
use shared::config::{EmbeddingConfig, ModelConfig};
use shared::embedding::{Embedder, configured};

use peer::Peer;

/// An embedder that asks this peer for OpenAI's format.
fn openai_of(peer: &Peer, model: &str) -> Arc<dyn Embedder> {
    openai_with(peer, model, Duration::from_secs(4))
}

/// The same with another patience.
fn openai_with(peer: &Peer, model: &str, patience: Duration) -> Arc<dyn Embedder> {
    let model = ModelConfig::OpenAi {
        url: format!("{}/v1", peer.url).parse().unwrap(),
        model: model.to_owned(),
        key: Some(SecretString::from("sk-of-the-test")),
        ca_pem: None,
    };
    let config = EmbeddingConfig { model, query_timeout: patience, timeout: patience, batch: 32 };
    configured(&config, &Clock::default()).unwrap()
}
