//! Background jobs of the server, each in its own loop.

use std::sync::Arc;
use std::time::Duration;

use shared::config::AnchorsConfig;
use shared::jobs::{JOBS, Job, Worker};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::Platform;
use crate::shutdown::Shutdown;

/// The loops; dropping them aborts them.
pub(crate) struct Upkeep(JoinSet<()>);

impl Upkeep {
    /// Starts the loops. Once asked to stop, they start no further run.
    pub(crate) fn start(platform: &Platform, anchors: Option<AnchorsConfig>, shutdown: &Shutdown) -> Self {
        let worker = Worker::new(platform.gate.clone(), Arc::clone(&platform.embedder)).with_anchors(anchors);
        Self(JOBS.iter().map(|job| repeat(worker.clone(), job, shutdown.clone())).collect())
    }

    /// Waits for runs in progress, up to a limit: jobs may be interrupted anywhere.
    pub(crate) async fn end(mut self, patience: Duration) {
        let _ = timeout(patience, async { while self.0.join_next().await.is_some() {} }).await;
    }
}

async fn repeat(worker: Worker, job: &'static Job, shutdown: Shutdown) {
    let mut every = interval(job.every);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = shutdown.clone().requested() => return,
            _ = every.tick() => {}
        }
        // The job has logged its failure; the next run may succeed.
        let _ = worker.run(job).await;
    }
}
