//! Background work: [`JOBS`] on a schedule, and [`TOPICS`] for the work that changes have promised ([`crate::outbox`]).
//!
//! The all-in-one server runs every job in a loop of its own; on Lambda, `functions/worker` runs those that a scheduled
//! event names. However many workers run a job at once, it is idempotent, commits in small steps, and continues where
//! it was interrupted.
//!
//! To add a job or a topic, add a line to [`list`]. Its implementation belongs to its capability.

mod deliver;
mod list;
mod worker;

pub use deliver::Delivered;
pub use list::{JOBS, TOPICS};
pub use worker::Worker;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::access::UpkeepTx;
use crate::error::Result;
use crate::outbox::Message;

/// A recurring job.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// `noun.verb`, as in schedules.
    pub name: &'static str,
    /// The interval.
    pub every: Duration,
    /// Does what there is to do now; returns how many things were done.
    pub run: for<'a> fn(&'a Worker) -> BoxFuture<'a, Result<u64>>,
}

impl Job {
    /// Returns the job with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        JOBS.iter().find(|job| job.name == name)
    }
}

/// A kind of promised work.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// `noun.verb`, as in messages.
    pub name: &'static str,
    /// How it is done.
    pub work: Work,
}

/// How promised work is done.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// In the database, in the transaction that also marks the message as done: exactly once.
    Within(for<'a> fn(&'a UpkeepTx, &'a Message) -> BoxFuture<'a, Result<()>>),
    /// Anything else: at least once, so the work must be safe to repeat.
    Beside(for<'a> fn(&'a Worker, &'a Message) -> BoxFuture<'a, Result<()>>),
}
