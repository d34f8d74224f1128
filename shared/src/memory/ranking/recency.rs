//! How recent a memory is.

use chrono::{DateTime, Utc};

/// The number of days after which recency is 1/e.
const DAYS: f32 = 90.0;

/// Returns the recency of a time: 1 for now and the future, approaching 0 in the past.
pub(super) fn recency(at: DateTime<Utc>, now: DateTime<Utc>) -> f32 {
    let days = (now - at).num_seconds().max(0) as f32 / 86_400.0;
    (-days / DAYS).exp()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_fades_with_the_past_only() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(recency(now, now), 1.0);
        assert_eq!(recency(now + TimeDelta::days(90), now), 1.0);
        assert!((recency(now - TimeDelta::days(90), now) - (-1.0_f32).exp()).abs() < 1e-6);
        assert!(recency(now - TimeDelta::days(4000), now) < 1e-6);
    }
}
