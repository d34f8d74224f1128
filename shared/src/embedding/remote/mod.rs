//! Models behind a network: an OpenAI-compatible endpoint, or Amazon Bedrock.
//!
//! [`Remote`] is the [`Embedder`]: it splits the texts into requests, waits no longer than the purpose allows, retries
//! where that may help (`failure`), stops asking a model that does not respond (`breaker`), and validates every vector.
//! The format of requests and responses is defined by a [`Provider`]: [`openai`], [`titan`]. `client` does the HTTP,
//! and verifies the server's identity.
//!
//! Texts leave this process here. They appear in no log line and no error; nor do responses, which may quote them.

mod aws;
mod breaker;
mod client;
mod failure;
mod openai;
mod titan;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Request;
use tokio::time::{Instant, timeout, timeout_at};

use super::{DIMENSIONS, Embedder, Embedding, EmbeddingFuture, Purpose, StaticEmbedder};
use crate::clock::Clock;
use crate::config::{ConfigError, EmbeddingConfig, ModelConfig};
use breaker::Breaker;
use client::Client;
use failure::Failure;

/// The number of bytes of a text that are embedded; the rest adds little to what the beginning says. No token is
/// shorter than a byte, so this always fits into the 8,192 tokens that OpenAI's and Amazon's models accept.
const MAX_BYTES: usize = 8000;

/// Minimum timeout for requests of the backlog: nobody waits for them.
const BACKLOG: Duration = Duration::from_secs(30);

/// Maximum number of concurrent requests per call.
const CONCURRENT: usize = 8;

/// Maximum number of attempts for the same texts, including the first.
const ATTEMPTS: u32 = 4;

/// Creates the configured embedder. No request is sent yet: an unreachable model must not prevent the start.
pub fn configured(config: &EmbeddingConfig, clock: &Clock) -> Result<Arc<dyn Embedder>, ConfigError> {
    let patience = Patience {
        query: config.query_timeout,
        memory: config.timeout,
        backlog: config.timeout.max(BACKLOG),
    };
    Ok(match config.model.clone() {
        ModelConfig::Static => Arc::new(StaticEmbedder::new()),
        ModelConfig::OpenAi { url, model, key, ca_pem } => {
            let provider = openai::OpenAi::new(&url, model, key, config.batch)?;
            Arc::new(Remote::new(provider, Client::new(ca_pem.as_deref())?, patience, clock.clone()))
        }
        ModelConfig::Bedrock { url, region, model, credentials, ca_pem } => {
            let client = Client::new(ca_pem.as_deref())?;
            let signer = aws::Signer::new(credentials, region, client.clone(), clock.clone());
            let provider = titan::Titan::new(&url, &model, signer)?;
            Arc::new(Remote::new(provider, client, patience, clock.clone()))
        }
    })
}

/// The request and response format of one kind of model.
trait Provider: Send + Sync {
    /// The name of the model, unique among all models.
    fn name(&self) -> &str;

    /// Maximum number of texts per request.
    fn batch(&self) -> usize;

    /// Builds a request for the vectors of these texts, at most [`Self::batch`].
    fn request(&self, texts: &[&str]) -> impl Future<Output = Result<Request<Bytes>, Failure>> + Send;

    /// Parses the vectors in a response, in the order of the texts; fails with the problem if it is not a response for
    /// that many texts.
    fn read(&self, body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, String>;
}

/// The total time to wait, including retries.
#[derive(Debug, Clone, Copy)]
struct Patience {
    query: Duration,
    memory: Duration,
    backlog: Duration,
}

impl Patience {
    fn of(self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Query => self.query,
            Purpose::Memory => self.memory,
            Purpose::Backlog => self.backlog,
        }
    }
}

/// An embedder behind a network.
struct Remote<P> {
    provider: P,
    client: Client,
    patience: Patience,
    /// One per purpose: a timeout for many texts says nothing about a single one.
    breakers: [Breaker; Purpose::COUNT],
    clock: Clock,
}

impl<P: Provider> Remote<P> {
    fn new(provider: P, client: Client, patience: Patience, clock: Clock) -> Self {
        Self { provider, client, patience, breakers: Default::default(), clock }
    }

    /// Tries until it succeeds, a retry is pointless, or the time is up.
    async fn ask(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Embedding>, Failure> {
        let deadline = Instant::now() + self.patience.of(purpose);
        let breaker = &self.breakers[purpose as usize];
        let mut attempt = 1;
        loop {
            breaker.check()?;
            // Allow all of the time left: a slow model is better than none.
            let failure = match timeout_at(deadline, self.once(texts)).await {
                Ok(Ok(embeddings)) => {
                    breaker.succeeded();
                    return Ok(embeddings);
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::TimedOut,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = failure.pause(attempt).filter(|pause| *pause < left);
            match pause {
                Some(pause) if attempt < ATTEMPTS => tokio::time::sleep(pause).await,
                _ => {
                    breaker.failed(&failure);
                    return Err(failure);
                }
            }
            attempt += 1;
        }
    }

    /// Sends one request and parses its response.
    async fn once(&self, texts: &[&str]) -> Result<Vec<Embedding>, Failure> {
        let body = self.client.send(self.provider.request(texts).await?, &self.clock).await?;
        let vectors = self.provider.read(&body, texts.len()).map_err(Failure::Malformed)?;
        vectors
            .into_iter()
            .map(|numbers| {
                let fits = numbers.len() == DIMENSIONS;
                let failure = if fits { Failure::Malformed } else { Failure::Misfit };
                Embedding::try_from(numbers).map_err(|error| failure(error.to_string()))
            })
            .collect()
    }
}

impl<P: Provider> Embedder for Remote<P> {
    fn model(&self) -> &str {
        self.provider.name()
    }

    fn embed<'a>(&'a self, texts: &'a [&'a str], purpose: Purpose) -> EmbeddingFuture<'a> {
        let patience = self.patience.of(purpose);
        Box::pin(async move {
            let texts: Vec<&str> = texts.iter().map(|text| beginning(text)).collect();
            let requests: Vec<_> =
                texts.chunks(self.provider.batch()).map(|texts| self.ask(texts, purpose)).collect();
            let answers = stream::iter(requests).buffered(CONCURRENT).try_collect::<Vec<_>>();
            let batches = match purpose {
                // Nobody waits: each request has its own timeout, and together they take as long as they need.
                Purpose::Backlog => answers.await,
                Purpose::Query | Purpose::Memory => {
                    timeout(patience, answers).await.unwrap_or(Err(Failure::TimedOut))
                }
            };
            Ok(batches?.into_iter().flatten().collect())
        })
    }
}

/// Returns the part of a text that is embedded.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// Returns an error for an invalid setting: the variable and the problem.
fn refused(variable: &'static str, problem: impl std::fmt::Display) -> ConfigError {
    ConfigError { variable, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(beginning("short"), "short");
        let cut = beginning(&"語".repeat(3000)).len();
        assert!(cut <= MAX_BYTES && cut > MAX_BYTES - 3);
    }
}
