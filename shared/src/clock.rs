//! The current time, as a parameter: services take a [`Clock`], so that tests decide what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Whether every database and client can represent this year; chrono supports many more.
#[must_use]
pub fn is_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

/// A source of the current time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Mock(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still until [`Clock::advance`] is called.
    #[must_use]
    pub fn mock(start: DateTime<Utc>) -> Self {
        Self(Source::Mock(Arc::new(AtomicI64::new(start.timestamp_micros()))))
    }

    /// The current time, with the microsecond precision of PostgreSQL.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one home of the system clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Source::System => Utc::now().timestamp_micros(),
            Source::Mock(micros) => micros.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// Advances a mock clock; has no effect on the system clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Mock(micros) = &self.0 {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}
