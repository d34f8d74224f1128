//! Whether an idle connection can be assumed to be alive.
//!
//! Lambda freezes environments, laptops sleep, networks forget connections, databases fail over. The monotonic clock
//! may stand still meanwhile and the time of day does not, so both are checked.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// A connection idle for longer than this is checked before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// The last readings of the clocks.
#[derive(Debug)]
pub(super) struct Trust(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    monotonic: Instant,
    of_day: SystemTime,
    /// When the clocks last diverged: connections used before then are not trusted.
    broken: Option<Instant>,
}

impl Trust {
    pub(super) fn new() -> Self {
        let (monotonic, of_day) = now();
        Self(Mutex::new(Seen { monotonic, of_day, broken: None }))
    }

    /// Whether a connection that has been idle for this long may be used without a check.
    pub(super) fn holds(&self, idle: Duration) -> bool {
        let (monotonic, of_day) = now();
        self.0.lock().is_ok_and(|mut seen| seen.holds(idle, monotonic, of_day))
    }
}

#[allow(clippy::disallowed_methods, reason = "not what time it is, but whether it jumped")]
fn now() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}

impl Seen {
    fn holds(&mut self, idle: Duration, monotonic: Instant, of_day: SystemTime) -> bool {
        let ticked = monotonic.saturating_duration_since(self.monotonic);
        // A jump backwards is as suspect as one far forwards.
        let parted = match of_day.duration_since(self.of_day) {
            Ok(passed) => passed.abs_diff(ticked) > TRUSTED_IDLE,
            Err(_) => true,
        };
        if parted {
            self.broken = Some(monotonic);
        }
        (self.monotonic, self.of_day) = (monotonic, of_day);
        let used = monotonic.checked_sub(idle).unwrap_or(monotonic);
        idle <= TRUSTED_IDLE && self.broken.is_none_or(|broken| used > broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const SECOND: Duration = Duration::from_secs(1);

    fn seen() -> (Seen, Instant, SystemTime) {
        let (monotonic, of_day) = now();
        (Seen { monotonic, of_day, broken: None }, monotonic, of_day)
    }

    #[test]
    fn what_was_used_a_moment_ago_is_trusted_and_what_was_not_is_not() {
        let (mut seen, monotonic, of_day) = seen();
        assert!(seen.holds(SECOND, monotonic + SECOND, of_day + SECOND));
        assert!(!seen.holds(HOUR, monotonic + HOUR, of_day + HOUR));
    }

    #[test]
    fn a_clock_that_stood_still_for_an_hour_is_noticed_for_every_connection_and_then_forgotten() {
        let (mut seen, monotonic, of_day) = seen();
        let thawed = monotonic + SECOND;
        assert!(!seen.holds(SECOND, thawed, of_day + HOUR), "idle for a second of the monotonic clock");
        assert!(!seen.holds(SECOND * 2, thawed + SECOND, of_day + HOUR + SECOND), "another one of before");
        assert!(seen.holds(SECOND, thawed + SECOND * 3, of_day + HOUR + SECOND * 3), "used since");
    }

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        let (mut seen, monotonic, of_day) = seen();
        assert!(!seen.holds(SECOND, monotonic + SECOND, of_day - HOUR));
    }
}
