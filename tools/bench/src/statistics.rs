//! Percentiles by nearest rank: the smallest sample that at least that percentage of the samples do not exceed. Every
//! figure is therefore a measured one, never an interpolation.

use std::time::Duration;

use serde::Serialize;

/// Measurements of one quantity, in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

/// How something that happens once is reported, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) p95: f64,
}

/// How something that happens thousands of times is reported, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Samples {
    pub(crate) fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Zeroes when there are no samples.
    pub(crate) fn spread(&self) -> Spread {
        let sorted = self.sorted();
        Spread {
            min: sorted.first().copied().unwrap_or_default(),
            median: nearest_rank(&sorted, 50),
            p95: nearest_rank(&sorted, 95),
        }
    }

    /// Zeroes when there are no samples.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let sorted = self.sorted();
        Percentiles {
            p50: nearest_rank(&sorted, 50),
            p95: nearest_rank(&sorted, 95),
            p99: nearest_rank(&sorted, 99),
        }
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Returns milliseconds with microsecond precision, which is finer than any measurement here repeats.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1e3, 3)
}

/// Rounds a number to this many decimal places.
pub(crate) fn rounded(number: f64, places: i32) -> f64 {
    let unit = 10_f64.powi(places);
    (number * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_to(last: u32) -> Samples {
        // In reverse order, so that missing sorting would show.
        (1..=last).rev().map(f64::from).collect()
    }

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        assert_eq!(one_to(100).percentiles(), Percentiles { p50: 50.0, p95: 95.0, p99: 99.0 });
        assert_eq!(one_to(5).percentiles(), Percentiles { p50: 3.0, p95: 5.0, p99: 5.0 });
        assert_eq!(one_to(4).spread(), Spread { min: 1.0, median: 2.0, p95: 4.0 });
        assert_eq!(one_to(30).spread(), Spread { min: 1.0, median: 15.0, p95: 29.0 });
    }

    #[test]
    fn one_sample_is_every_percentile_of_itself() {
        assert_eq!(one_to(1).percentiles(), Percentiles { p50: 1.0, p95: 1.0, p99: 1.0 });
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Samples::default().spread(), Spread { min: 0.0, median: 0.0, p95: 0.0 });
    }

    #[test]
    fn samples_are_put_together() {
        let mut samples = one_to(2);
        samples.append(one_to(3));
        samples.push(9.0);
        assert_eq!(samples.len(), 6);
        assert_eq!(samples.spread(), Spread { min: 1.0, median: 2.0, p95: 9.0 });
    }

    #[test]
    fn durations_are_rounded_to_the_microsecond() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.235);
        assert_eq!(rounded(2.0 / 3.0, 2), 0.67);
    }
}
