//! Models behind a network: an OpenAI-compatible endpoint, or Amazon Bedrock.
//!
//! [`Remote`] is the [`Embedder`]: it cuts the texts into requests, waits no longer than the purpose allows, tries again
//! where that may help (`failure`), rests where nothing answers (`breaker`), and lets no vector through that is not one.
//! What a request and an answer look like is the [`Provider`]'s: [`openai`], [`titan`]. `client` carries bytes, and
//! verifies who is at the other end.
//!
//! Texts leave this process here. They are in no log line and no error; answers, which may quote them, are not either.

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

/// Bytes of a text that are embedded; the rest says little that the beginning does not. No token is shorter than a byte,
/// so that this always fits into the 8,192 tokens that OpenAI's and Amazon's models take.
const MAX_BYTES: usize = 8000;

/// How long a request of a job may take at least: nobody waits for it.
const BACKLOG: Duration = Duration::from_secs(30);

/// Requests under way at once for one call.
const CONCURRENT: usize = 8;

/// Requests for the same texts, the first included.
const ATTEMPTS: u32 = 4;

/// The embedder that the configuration asks for. Nothing is asked of it yet: a model that cannot be reached is no reason
/// not to start.
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

/// What requests and answers of one kind of model look like.
trait Provider: Send + Sync {
    /// Names the model, unlike all others.
    fn name(&self) -> &str;

    /// Texts in one request.
    fn batch(&self) -> usize;

    /// Asks for the vectors of these texts, at most [`Self::batch`].
    fn request(&self, texts: &[&str]) -> impl Future<Output = Result<Request<Bytes>, Failure>> + Send;

    /// The numbers in an answer, in the order of the texts; what is wrong if it is no answer for so many texts.
    fn read(&self, body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, String>;
}

/// How long to wait in all, whatever is tried meanwhile.
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

/// An embedder on the other side of a network.
struct Remote<P> {
    provider: P,
    client: Client,
    patience: Patience,
    /// One for each purpose: that many texts at once take too long says nothing about a single one.
    breakers: [Breaker; Purpose::COUNT],
    clock: Clock,
}

impl<P: Provider> Remote<P> {
    fn new(provider: P, client: Client, patience: Patience, clock: Clock) -> Self {
        Self { provider, client, patience, breakers: Default::default(), clock }
    }

    /// Until it succeeds, nothing can help, or the time is up.
    async fn ask(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Embedding>, Failure> {
        let deadline = Instant::now() + self.patience.of(purpose);
        let breaker = &self.breakers[purpose as usize];
        let mut attempt = 1;
        loop {
            breaker.check()?;
            // All of the time, if it takes that: a slow model is better than none.
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

    /// One request and its answer.
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
                // Nobody waits: each request has its own patience, all together as much as they need.
                Purpose::Backlog => answers.await,
                Purpose::Query | Purpose::Memory => {
                    timeout(patience, answers).await.unwrap_or(Err(Failure::TimedOut))
                }
            };
            Ok(batches?.into_iter().flatten().collect())
        })
    }
}

/// As much of a text as is embedded.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// A setting that does not fit: the variable and what is wrong with it.
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
