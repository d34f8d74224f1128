//! Wrong keys and tokens, counted by the address that they come from: each costs a database lookup, and nobody sends
//! this many by mistake.
//!
//! Each process counts for itself, in memory, so a request with a valid credential writes nothing. Many processes
//! together therefore let through proportionally more. This protects the database, not the keys, which are too long to
//! be guessed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::rates::network;
use crate::access::RequestInfo;
use crate::error::{Error, Result};

/// The maximum number of wrong credentials per minute from one address.
const MOST: u32 = 600;
/// The period over which failures are counted.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// How many addresses are remembered; when there are more, all are forgotten.
const ADDRESSES: usize = 10_000;

/// Failures by address. Cheap to clone; all clones share the same counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<HashMap<String, Count>>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    since: DateTime<Utc>,
    failures: u32,
}

impl Failures {
    /// Refuses a request from an address with too many wrong credentials in the current minute.
    pub(crate) fn check(&self, request: &RequestInfo) -> Result<()> {
        let counts = self.counts();
        let Some(count) = counts.get(&network(request)) else { return Ok(()) };
        let left = count.since + WINDOW - request.at;
        if count.failures < MOST || left <= TimeDelta::zero() {
            return Ok(());
        }
        let retry_after = Duration::from_secs(left.num_seconds().unsigned_abs().max(1));
        Err(Error::LimitReached { what: "too many wrong credentials from this address", retry_after })
    }

    /// Counts a failure.
    pub(crate) fn note(&self, request: &RequestInfo) {
        let mut counts = self.counts();
        if counts.len() >= ADDRESSES {
            counts.clear();
        }
        let fresh = Count { since: request.at, failures: 0 };
        let count = counts.entry(network(request)).or_insert(fresh);
        if count.since + WINDOW <= request.at {
            *count = fresh;
        }
        count.failures = count.failures.saturating_add(1);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
