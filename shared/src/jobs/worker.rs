//! The context in which jobs run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Job, TOPICS, Topic};
use crate::access::Gate;
use crate::audit::chain::Anchors;
use crate::config::AnchorsConfig;
use crate::embedding::Embedder;
use crate::error::{Error, Result};
use crate::metrics;
use crate::outbox::{self, Received};

/// A worker for background jobs. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    /// The database and the clock.
    pub gate: Gate,
    /// The embedder that computes vectors.
    pub embedder: Arc<dyn Embedder>,
    /// Where anchors of the audit log are stored, if anywhere.
    pub anchors: Option<Arc<Anchors>>,
    topics: &'static [Topic],
    until: Option<Instant>,
}

impl Worker {
    /// Creates a worker without a deadline.
    #[must_use]
    pub fn new(gate: Gate, embedder: Arc<dyn Embedder>) -> Self {
        Self { gate, embedder, anchors: None, topics: TOPICS, until: None }
    }

    /// The same worker, but it must not start anything after this time.
    #[must_use]
    pub fn until(&self, until: Instant) -> Self {
        Self { until: Some(until), ..self.clone() }
    }

    /// The same worker, limited to this much of the remaining time.
    #[must_use]
    pub fn within(&self, most: Duration) -> Self {
        self.until(Instant::now() + self.at_most(most))
    }

    /// The same worker, limited to an equal part of the remaining time if this many parts still have to run.
    #[must_use]
    pub fn with_part_of_time(&self, parts: usize) -> Self {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        match self.until {
            Some(until) => self.within(until.saturating_duration_since(Instant::now()) / parts),
            None => self.clone(),
        }
    }

    /// The same worker, storing anchors of the audit log there.
    #[must_use]
    pub fn with_anchors(&self, config: Option<AnchorsConfig>) -> Self {
        Self { anchors: config.map(|config| Arc::new(Anchors::new(config))), ..self.clone() }
    }

    /// The same worker with other topics.
    #[must_use]
    pub fn with_topics(&self, topics: &'static [Topic]) -> Self {
        Self { topics, ..self.clone() }
    }

    /// Returns the topic with this name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&'static Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    /// Whether there is time to start something.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    /// The remaining time, limited to `most`.
    pub(super) fn at_most(&self, most: Duration) -> Duration {
        self.until.map_or(most, |until| until.saturating_duration_since(Instant::now()).min(most))
    }

    /// Runs a job and logs the result.
    pub async fn run(&self, job: &Job) -> Result<u64> {
        let started = Instant::now();
        let mut done = (job.run)(self).await;
        if done.as_ref().is_err_and(Error::lost_a_race) {
            // Retried once, since the concurrent worker has done its part; otherwise the job waits for its next run.
            done = (job.run)(self).await;
        }
        #[allow(clippy::cast_precision_loss, reason = "hours")]
        let duration_ms = started.elapsed().as_micros() as f64 / 1000.0;
        metrics::job(done.is_ok());
        match &done {
            Ok(0) => tracing::debug!(job = job.name, duration_ms, "nothing to do"),
            Ok(count) => tracing::info!(job = job.name, count, duration_ms, "job"),
            Err(error) => {
                error.log();
                tracing::warn!(job = job.name, %error, duration_ms, "job failed");
            }
        }
        done
    }

    /// Stores messages from a queue, all or none; returns how many are new. `outbox.deliver` delivers them.
    pub async fn receive(&self, messages: &[Received]) -> Result<usize> {
        let tx = self.gate.upkeep("outbox.receive").await?;
        let new = outbox::receive(&tx, messages, self.gate.clock.now()).await?;
        tx.commit().await?;
        Ok(new)
    }
}
