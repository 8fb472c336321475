//! Latencies in a histogram that keeps three digits from a microsecond to a minute.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Longest latency that is told apart from longer ones, µs.
const LONGEST_US: u64 = 60_000_000;
/// Significant digits kept.
const DIGITS: u8 = 3;

/// How long things took.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Latencies(histogram.expect("the bounds are constants that the histogram accepts"))
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(us.max(1));
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Latencies) {
        // Both have the same bounds, so that nothing can fall outside.
        let _ = self.0.add(&other.0);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that this share (0 to 1) of all did not exceed, ms.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        ms(self.0.value_at_quantile(share))
    }

    /// The longest, ms.
    pub fn max_ms(&self) -> f64 {
        ms(self.0.max())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a minute in µs is far below 2^52")]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.record(Duration::from_millis(ms));
        }
        assert_eq!(latencies.count(), 1_000);
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = latencies.quantile_ms(share);
            assert!((found - expected).abs() <= expected * 0.002, "{share}: {found}");
        }
    }

    #[test]
    fn what_is_longer_than_the_longest_is_kept_as_such() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_secs(3_600));
        latencies.record(Duration::ZERO);
        let mut both = Latencies::default();
        both.merge(&latencies);
        assert_eq!(both.count(), 2);
        assert!(both.max_ms() >= 60_000.0);
    }
}
