//! Running a router as a Lambda function behind API Gateway.
//!
//! The database connection is opened during initialization, when the CPU is not throttled; one environment holds
//! exactly one. What the first request will ask is prepared on it meanwhile. If the database is unavailable, a function
//! still starts, and answers 503 until it is available.

mod answer;
mod edge;
mod event;
mod path;

use std::convert::Infallible;

use axum::Router;

use self::edge::Edge;
use crate::access::Gate;
use crate::clock::Clock;
use crate::config::{self, AnchorsConfig, DatabaseConfig, EmbeddingConfig, LimitsConfig, PublicConfig};
use crate::db::{Database, Expected};
use crate::jobs::Worker;
use crate::memory::Memories;
use crate::{access, embedding, http, metrics, telemetry};

/// A startup failure, reported to Lambda.
pub type InitError = lambda_http::Error;

/// What a function's first request is likely to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// A search of memories.
    Search,
    /// Anything else by a caller.
    Call,
    /// Something that nobody requested.
    Job,
}

impl First {
    /// What it asks of the database, as far as that is known before it comes.
    #[must_use]
    pub fn expected(self) -> Expected {
        match self {
            Self::Search => Memories::usual_search(),
            Self::Call => Expected::new(vec![access::PRINCIPAL.to_owned()]),
            Self::Job => Expected::default(),
        }
    }
}

/// Reads the configuration and begins to log in to the database.
pub async fn gate(first: First) -> Result<(Gate, PublicConfig), InitError> {
    telemetry::init(config::log_level()?);
    let function =
        config::variable("AWS_LAMBDA_FUNCTION_NAME").zip(config::variable("AWS_LAMBDA_FUNCTION_VERSION"));
    metrics::init(function.filter(|_| config::metrics()));
    let public = PublicConfig::from_env("http://127.0.0.1:13370")?;
    let database = Database::expecting(&DatabaseConfig::from_env(1)?, first.expected())?;
    database.warm().await;
    let clock = Clock::default();
    Ok((Gate::new(database, clock, &public.url), public))
}

/// The memories service, with the embedder that the configuration selects.
pub fn memories(gate: &Gate) -> Result<Memories, InitError> {
    let embedder = embedding::configured(&EmbeddingConfig::from_env()?, &gate.clock)?;
    Ok(Memories::new(gate.clone(), embedder))
}

/// The worker for background jobs.
pub async fn worker() -> Result<Worker, InitError> {
    let (gate, _) = gate(First::Job).await?;
    let embedder = embedding::configured(&EmbeddingConfig::from_env()?, &gate.clock)?;
    gate.db.warmed().await;
    Ok(Worker::new(gate, embedder).with_anchors(AnchorsConfig::from_env()?))
}

/// Serves a function's routes, `/health` and `/ready`, until the environment is shut down.
pub async fn run(router: Router, gate: Gate) -> Result<(), InitError> {
    let database = gate.db.clone();
    let clock = gate.clock.clone();
    let public = gate.issuer().to_owned();
    let router =
        http::service(router.merge(http::health().into_router(gate)), clock, LimitsConfig::from_env()?);
    let edge = Edge::from_env();
    database.warmed().await;
    until_terminated(lambda_http::run(tower::service_fn(move |mut event: lambda_http::Request| {
        let prepared = event::prepare(&mut event, &edge, &public);
        let path = event.uri().path().to_owned();
        let answer = tower::ServiceExt::oneshot(router.clone(), event);
        async move {
            let mut answer = match prepared {
                Ok(()) => answer::fit(answer.await?).await,
                Err(error) => event::refusal(error),
            };
            http::dress(&path, &mut answer);
            Ok::<_, Infallible>(event::finish(answer))
        }
    })))
    .await
}

/// Runs until the environment is shut down, then returns. Returning closes the database connection as the protocol
/// requires, instead of leaving a session to be found dead later.
///
/// Lambda announces a shutdown with SIGTERM only if an extension is registered; containers and emulators always do.
pub async fn until_terminated(work: impl Future<Output = Result<(), InitError>>) -> Result<(), InitError> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = work => result,
        _ = terminate.recv() => Ok(()),
    }
}
