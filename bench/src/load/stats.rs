//! Statistics of a run. Every duration is kept, so percentiles are exact.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

/// Durations, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<u32>);

/// Summary of durations, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub count: u64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latencies {
    pub fn record(&mut self, duration: Duration) {
        self.0.push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn summary(mut self) -> Summary {
        self.0.sort_unstable();
        let count = self.0.len();
        // Nearest rank: the smallest value that at least `percent` % of the values do not exceed.
        let percentile = |percent: usize| {
            let rank = (count * percent).div_ceil(100).max(1);
            milliseconds(self.0.get(rank - 1).copied().unwrap_or(0).into())
        };
        let sum: u64 = self.0.iter().copied().map(u64::from).sum();
        Summary {
            count: count as u64,
            mean_ms: ratio(milliseconds(sum), count as u64),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            max_ms: percentile(100),
        }
    }
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// Returns `value / count`, or 0 if `count` is 0.
pub fn ratio(value: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { value / count as f64 }
}

/// An unexpected response or a failed request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Failure {
    pub endpoint: &'static str,
    /// HTTP status: 0 if there was no response, 200 if the body was unexpected.
    pub status: u16,
    /// Error code of the response, or the connection error.
    pub code: String,
}

/// Measurements of one client.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Ceremonies completed within the measurement.
    pub ceremonies: u64,
    /// Latency of whole ceremonies, from the first byte sent to the token.
    pub whole: Latencies,
    pub endpoints: BTreeMap<&'static str, Latencies>,
    /// Failures in the whole run, including the warm-up.
    pub failures: BTreeMap<Failure, u64>,
    /// Tokens beyond the first one for a challenge; must stay 0.
    pub second_tokens: u64,
    /// Replayed challenges for which no finalize request got a token; must stay 0.
    pub without_token: u64,
    /// Finalize requests rejected because the challenge was used.
    pub rejected_replays: u64,
    pub late: u64,
}

impl Stats {
    pub fn fail(&mut self, endpoint: &'static str, status: u16, code: String) {
        *self.failures.entry(Failure { endpoint, status, code }).or_default() += 1;
    }

    pub fn merge(&mut self, other: Self) {
        self.ceremonies += other.ceremonies;
        self.whole.merge(other.whole);
        for (endpoint, latencies) in other.endpoints {
            self.endpoints.entry(endpoint).or_default().merge(latencies);
        }
        for (failure, count) in other.failures {
            *self.failures.entry(failure).or_default() += count;
        }
        self.second_tokens += other.second_tokens;
        self.without_token += other.without_token;
        self.rejected_replays += other.rejected_replays;
        self.late += other.late;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        micros.into_iter().for_each(|micros| latencies.record(Duration::from_micros(micros)));
        latencies
    }

    #[test]
    fn percentiles_use_the_nearest_rank() {
        // The durations are not in order.
        let summary =
            of((1..=1_000).map(|number| (number * 377 % 1_009) * 1_000).filter(|micros| *micros > 0)).summary();
        assert_eq!(summary.count, 1_000);
        let summary = of((1..=1_000).rev().map(|number| number * 1_000)).summary();
        let expected =
            Summary { count: 1_000, mean_ms: 500.5, p50_ms: 500.0, p95_ms: 950.0, p99_ms: 990.0, max_ms: 1_000.0 };
        assert_eq!(summary, expected);
        // Two of three values are only 67 %, so the third one is the 95th percentile.
        let summary = of([30, 10, 20]).summary();
        assert_eq!((summary.p50_ms, summary.p95_ms, summary.max_ms), (0.02, 0.03, 0.03));
        let one = of([7]).summary();
        assert_eq!((one.p50_ms, one.p99_ms, one.max_ms), (0.007, 0.007, 0.007));
    }

    #[test]
    fn empty_summary_is_zero_and_long_durations_are_capped() {
        let empty = Summary { count: 0, mean_ms: 0.0, p50_ms: 0.0, p95_ms: 0.0, p99_ms: 0.0, max_ms: 0.0 };
        assert_eq!(Latencies::default().summary(), empty);
        assert_eq!(of([u64::MAX / 2]).summary().max_ms, f64::from(u32::MAX) / 1_000.0);
    }

    #[test]
    fn merge_adds_the_measurements_of_clients() {
        let client = |micros: u64| {
            let mut stats = Stats { ceremonies: 1, second_tokens: 1, ..Stats::default() };
            stats.whole.record(Duration::from_micros(micros));
            stats.endpoints.entry("a").or_default().record(Duration::from_micros(micros));
            stats.fail("a", 503, "unavailable".to_owned());
            stats
        };
        let mut all = client(1_000);
        all.merge(client(3_000));
        all.fail("b", 0, "refused".to_owned());
        assert_eq!((all.ceremonies, all.second_tokens), (2, 2));
        assert_eq!(all.failures.values().copied().collect::<Vec<_>>(), [2, 1]);
        assert_eq!(all.whole.summary().mean_ms, 2.0);
        assert_eq!(all.endpoints.remove("a").map(|latencies| latencies.summary().max_ms), Some(3.0));
    }
}
