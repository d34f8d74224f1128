//! Work that nobody waits for, while the server runs: every job in a loop of its own.

use std::sync::Arc;

use shared::config::AnchorsConfig;
use shared::jobs::{JOBS, Job, Worker};
use tokio::time::{MissedTickBehavior, interval};

use crate::Platform;

/// Starts it; it ends with the process.
pub(crate) fn start(platform: &Platform, anchors: Option<AnchorsConfig>) {
    let worker = Worker::new(platform.gate.clone(), Arc::clone(&platform.embedder)).with_anchors(anchors);
    for job in JOBS {
        tokio::spawn(repeat(worker.clone(), job));
    }
}

async fn repeat(worker: Worker, job: &'static Job) {
    let mut every = interval(job.every);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        // It has said in the log what went wrong; the next time may go better.
        let _ = worker.run(job).await;
    }
}
