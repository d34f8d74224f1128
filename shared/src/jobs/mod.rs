//! Work that nobody waits for: [`JOBS`] on a schedule, and what changes have promised ([`crate::outbox`]), by [`TOPICS`].
//!
//! The all-in-one server runs every job in a loop of its own; on Lambda `functions/worker` runs those that a scheduled
//! event names. Whoever runs them, and however many do at once: a job is idempotent, commits in small steps, and goes on where it
//! was interrupted.
//!
//! To add a job or a topic, add a line to [`list`]. What it does stays in its own capability.

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

/// Work to be done again and again.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// `noun.verb`, as schedules name it.
    pub name: &'static str,
    /// How often.
    pub every: Duration,
    /// Does what there is to do now; how many things were done.
    pub run: for<'a> fn(&'a Worker) -> BoxFuture<'a, Result<u64>>,
}

impl Job {
    /// The job of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        JOBS.iter().find(|job| job.name == name)
    }
}

/// A kind of promised work.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// `noun.verb`, as messages name it.
    pub name: &'static str,
    /// How it is done.
    pub work: Work,
}

/// How promised work is done.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// In the database, in the transaction that also takes the message off the list: exactly once.
    Within(for<'a> fn(&'a UpkeepTx, &'a Message) -> BoxFuture<'a, Result<()>>),
    /// Anywhere else: at least once, so it must be something that may be repeated.
    Beside(for<'a> fn(&'a Worker, &'a Message) -> BoxFuture<'a, Result<()>>),
}
