//! What was measured: every duration is kept, so percentiles are exact.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

/// Durations, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<u32>);

/// What a number of durations comes to, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean_ms: f64,
    /// Half were at most this long.
    pub p50_ms: f64,
    /// 95 of 100 were at most this long.
    pub p95_ms: f64,
    /// 99 of 100 were at most this long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, duration: Duration) {
        self.0.push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds another's.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Sorts and sums up.
    #[must_use]
    pub fn summary(mut self) -> Summary {
        self.0.sort_unstable();
        let count = self.0.len();
        // Nearest rank: the smallest value that at least so many of a hundred do not exceed.
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

#[expect(clippy::cast_precision_loss, reason = "microseconds of a run: far below 2^52")]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// `value / count`, 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "requests of a run: far below 2^52")]
pub fn ratio(value: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { value / count as f64 }
}

/// What went wrong: where, and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServiceError {
    /// Which request.
    pub endpoint: &'static str,
    /// The HTTP status; 0 when there was no answer.
    pub status: u16,
    /// The answer's `code`, or what the connection failed with.
    pub code: String,
}

/// What one client measured.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Ceremonies that ended in time.
    pub ceremonies: u64,
    /// Whole ceremonies, from the first byte sent to the token.
    pub whole: Latencies,
    /// Each kind of request.
    pub endpoints: BTreeMap<&'static str, Latencies>,
    /// What was answered otherwise than it should, in the whole run.
    pub failures: BTreeMap<ServiceError, u64>,
    /// Challenges that gave more than one token, or a second one: never one of these.
    pub second_tokens: u64,
    /// Challenges that gave no token though many finalized them.
    pub without_token: u64,
    /// Finalizes of used challenges, refused as they should be.
    pub refused_replays: u64,
    /// Ceremonies that could not begin when they were due.
    pub late: u64,
}

impl Stats {
    /// Notes what went wrong.
    pub fn fail(&mut self, endpoint: &'static str, status: u16, code: String) {
        *self.failures.entry(ServiceError { endpoint, status, code }).or_default() += 1;
    }

    /// Adds another client's.
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
        self.refused_replays += other.refused_replays;
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
    fn percentiles_are_the_nearest_rank() {
        // 1 to 1000 ms, in no order.
        let summary =
            of((1..=1_000).map(|number| (number * 377 % 1_009) * 1_000).filter(|micros| *micros > 0)).summary();
        assert_eq!(summary.count, 1_000);
        let summary = of((1..=1_000).rev().map(|number| number * 1_000)).summary();
        let expected =
            Summary { count: 1_000, mean_ms: 500.5, p50_ms: 500.0, p95_ms: 950.0, p99_ms: 990.0, max_ms: 1_000.0 };
        assert_eq!(summary, expected);
        // Of three, two are not yet 95 of a hundred.
        let summary = of([30, 10, 20]).summary();
        assert_eq!((summary.p50_ms, summary.p95_ms, summary.max_ms), (0.02, 0.03, 0.03));
        let one = of([7]).summary();
        assert_eq!((one.p50_ms, one.p99_ms, one.max_ms), (0.007, 0.007, 0.007));
    }

    #[test]
    fn nothing_is_nothing_and_too_long_is_the_longest() {
        let nothing = Summary { count: 0, mean_ms: 0.0, p50_ms: 0.0, p95_ms: 0.0, p99_ms: 0.0, max_ms: 0.0 };
        assert_eq!(Latencies::default().summary(), nothing);
        assert_eq!(of([u64::MAX / 2]).summary().max_ms, f64::from(u32::MAX) / 1_000.0);
    }

    #[test]
    fn clients_add_up() {
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
