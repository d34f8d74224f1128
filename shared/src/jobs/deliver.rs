//! Delivering promised work.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt as _;

use super::{Topic, Work, Worker};
use crate::error::{Error, Result};
use crate::outbox::{self, LEASE, MAX_ATTEMPTS, Message, Outbox};

/// The pause after the first failure, doubled after each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// The result of delivering messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Messages whose work is done.
    pub finished: u64,
    /// Messages whose work failed; it will be retried unless they are dead now.
    pub failed: u64,
    /// The failed messages that were given up.
    pub dead: u64,
}

/// Delivers everything that is due, in order, while there is time.
pub(super) async fn all(worker: &Worker) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    while worker.has_time() {
        let tx = worker.gate.upkeep("outbox.claim").await?;
        let message = outbox::claim(&tx, worker.gate.clock.now()).await?;
        tx.commit().await?;
        let Some(message) = message else { break };
        one(worker, &message, &mut delivered).await?;
    }
    Ok(delivered)
}

impl Worker {
    /// Delivers everything that is due, in order, while there is time.
    pub async fn deliver(&self) -> Result<Delivered> {
        all(self).await
    }

    /// Returns the state of the outbox.
    pub async fn outbox(&self) -> Result<Outbox> {
        let tx = self.gate.upkeep("outbox.state").await?;
        let state = outbox::state(&tx, self.gate.clock.now()).await?;
        tx.commit().await?;
        Ok(state)
    }
}

async fn one(worker: &Worker, message: &Message, delivered: &mut Delivered) -> Result<()> {
    // Shorter than the lease, so that no other worker claims the message before this is over.
    let patience = worker.at_most(LEASE.to_std().unwrap_or_default() * 3 / 4);
    let error = match worker.topic(&message.topic) {
        Some(topic) => {
            let working = AssertUnwindSafe(perform(worker, topic, message)).catch_unwind();
            match tokio::time::timeout(patience, working).await {
                Ok(Ok(Ok(()))) => {
                    delivered.finished += 1;
                    return Ok(());
                }
                Ok(Ok(Err(error))) => error,
                Ok(Err(_)) => Error::internal("the work panicked"),
                Err(_) => Error::unavailable("the work took too long", "timeout"),
            }
        }
        // Promised by newer code, while a deployment is under way.
        None => Error::unavailable("no worker knows this topic", message.topic.clone()),
    };
    delivered.failed += 1;
    let again = retry_in(message.attempt, &error);
    delivered.dead += u64::from(again.is_none());
    fail(worker, message, &error, again).await
}

/// Does the work and marks the message as done.
async fn perform(worker: &Worker, topic: &Topic, message: &Message) -> Result<()> {
    let now = || worker.gate.clock.now();
    match topic.work {
        Work::Within(work) => {
            let tx = worker.gate.upkeep(topic.name).await?;
            work(&tx, message).await?;
            if outbox::finish(&tx, message, now()).await? {
                tx.commit().await?;
            }
            // Otherwise another worker has claimed the message, and the work done here is rolled back.
            Ok(())
        }
        Work::Beside(work) => {
            work(worker, message).await?;
            let tx = worker.gate.upkeep("outbox.finish").await?;
            outbox::finish(&tx, message, now()).await?;
            Ok(tx.commit().await?)
        }
    }
}

async fn fail(worker: &Worker, message: &Message, error: &Error, again: Option<Duration>) -> Result<()> {
    let reason = reason(error);
    let (topic, attempt) = (message.topic.as_str(), message.attempt);
    match again {
        Some(pause) => {
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(message.id = message.id, topic, attempt, pause_ms, reason, "a message failed");
        }
        None => tracing::error!(message.id = message.id, topic, attempt, reason, "a message is dead"),
    }
    let at = worker.gate.clock.now();
    let tx = worker.gate.upkeep("outbox.fail").await?;
    outbox::fail(&tx, message, &reason, again.map(|pause| at + pause), at).await?;
    Ok(tx.commit().await?)
}

/// Returns how long to wait after this attempt; `None` if it was the last, or the error is permanent.
fn retry_in(attempt: i32, error: &Error) -> Option<Duration> {
    if attempt >= MAX_ATTEMPTS || matches!(error, Error::Invalid { .. }) {
        return None;
    }
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(16);
    (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE).to_std().ok()
}

/// Formats the error with its causes, for operators.
fn reason(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_end() {
        let error = Error::internal("x");
        let seconds = |attempt| retry_in(attempt, &error).map(|pause| pause.as_secs());
        assert_eq!([1, 2, 3, 9].map(seconds), [Some(5), Some(10), Some(20), Some(1280)]);
        assert_eq!(seconds(MAX_ATTEMPTS), None);
    }

    #[test]
    fn what_will_stay_wrong_is_not_tried_again() {
        assert_eq!(retry_in(1, &Error::malformed("no such job")), None);
    }
}
