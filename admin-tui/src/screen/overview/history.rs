//! Rates of one server process over the last few minutes, computed from its counters.

use std::collections::{BTreeMap, VecDeque};

use doorward_shared::admin::{CodeCount, Vitals};

/// Maximum number of samples: five minutes with one sample per second.
const MAX_SAMPLES: usize = 300;
/// Factor by which stored rates are multiplied. They are in thousandths of an event per second, so that sparklines show
/// rates below one event per second.
const MILLI: u64 = 1_000;

/// Rates and times, measured between two consecutive responses of the server. Rates are in thousandths of an event per
/// second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sample {
    pub(super) requests: u64,
    pub(super) ceremonies: u64,
    pub(super) refusals: u64,
    /// 50th and 99th percentile of the response times, in microseconds; `None` without requests.
    pub(super) p50: Option<u64>,
    pub(super) p99: Option<u64>,
    /// 99th percentile of the time that writes wait for the database, in microseconds; `None` without writes.
    pub(super) write_wait: Option<u64>,
    /// 99th percentile of the duration of commits, in microseconds; `None` without commits.
    pub(super) commit: Option<u64>,
    /// Number of units of work that wait in all queues of the database, at the time of the later response.
    pub(super) queued: u64,
    /// CPU time as percent of one core; `None` if the server does not state it.
    pub(super) cpu_percent: Option<u64>,
}

/// Refusals with one error code.
#[derive(Debug, Clone, Default)]
pub(super) struct CodeHistory {
    /// Refusals since the process started.
    pub(super) total: u64,
    /// Rates in thousandths of a refusal per second, oldest first, one for each sample.
    pub(super) rates: VecDeque<u64>,
}

impl CodeHistory {
    fn recent(&self) -> u64 {
        self.rates.iter().sum()
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// The latest response.
    pub(super) latest: Option<Vitals>,
    samples: VecDeque<Sample>,
    codes: BTreeMap<String, CodeHistory>,
}

impl History {
    /// Adds a response. The history starts again if another process responded, because each process has its own
    /// counters.
    pub(super) fn add(&mut self, vitals: Vitals) {
        let is_continued =
            self.latest.as_ref().is_some_and(|last| last.node == vitals.node && last.uptime_ms <= vitals.uptime_ms);
        if !is_continued {
            *self = Self::default();
        }
        if let Some(last) = &self.latest {
            let elapsed_ms = vitals.uptime_ms - last.uptime_ms;
            if elapsed_ms == 0 {
                return;
            }
            push(&mut self.samples, sample(last, &vitals, elapsed_ms));
            self.add_codes(&vitals, elapsed_ms);
        } else {
            for CodeCount { code, count } in &vitals.refusals {
                self.codes.insert(code.clone(), CodeHistory { total: *count, rates: VecDeque::new() });
            }
        }
        self.latest = Some(vitals);
    }

    fn add_codes(&mut self, vitals: &Vitals, elapsed_ms: u64) {
        let length = self.samples.len();
        for CodeCount { code, count } in &vitals.refusals {
            // A code that appears for the first time had no refusals in the earlier samples.
            let before = || CodeHistory { total: 0, rates: std::iter::repeat_n(0, length - 1).collect() };
            let history = self.codes.entry(code.clone()).or_insert_with(before);
            push(&mut history.rates, rate(count.saturating_sub(history.total), elapsed_ms));
            history.total = *count;
        }
    }

    /// Returns the result of `value` for each sample, oldest first.
    pub(super) fn values(&self, value: impl Fn(&Sample) -> u64 + Clone) -> impl Iterator<Item = u64> + Clone {
        self.samples.iter().map(value)
    }

    pub(super) fn last(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// Returns the codes with refusals, sorted by the number of recent refusals and then by the total number, largest
    /// first.
    pub(super) fn codes(&self) -> Vec<(&str, &CodeHistory)> {
        let mut codes: Vec<_> = self.codes.iter().map(|(code, history)| (code.as_str(), history)).collect();
        codes.sort_by_key(|(_, history)| std::cmp::Reverse((history.recent(), history.total)));
        codes
    }
}

fn push<T>(queue: &mut VecDeque<T>, value: T) {
    if queue.len() >= MAX_SAMPLES {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// Returns a rate in thousandths of an event per second.
const fn rate(count: u64, elapsed_ms: u64) -> u64 {
    count.saturating_mul(MILLI).saturating_mul(1_000) / elapsed_ms
}

fn sample(last: &Vitals, now: &Vitals, elapsed_ms: u64) -> Sample {
    let times = now.request_times.since(&last.request_times);
    let ceremonies = |vitals: &Vitals| vitals.ceremonies.iter().map(|it| it.succeeded).sum::<u64>();
    let refusals = |vitals: &Vitals| vitals.refusals.iter().map(|it| it.count).sum::<u64>();
    let difference = |count: &dyn Fn(&Vitals) -> u64| rate(count(now).saturating_sub(count(last)), elapsed_ms);
    Sample {
        requests: difference(&|vitals| vitals.requests),
        ceremonies: difference(&ceremonies),
        refusals: difference(&refusals),
        p50: times.quantile_us(0.5),
        p99: times.quantile_us(0.99),
        write_wait: now.write_wait.since(&last.write_wait).quantile_us(0.99),
        commit: now.commits.since(&last.commits).quantile_us(0.99),
        queued: now.queues.iter().map(|queue| queue.queued).sum(),
        cpu_percent: now.cpu_ms.zip(last.cpu_ms).map(|(now, last)| now.saturating_sub(last) * 100 / elapsed_ms),
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{
        Timestamp,
        admin::{CeremonyCount, TimeHistogram},
    };

    use super::*;

    fn vitals(node: &str, seconds: u64, requests: u64, refused: u64) -> Vitals {
        let times = TimeHistogram { bounds_us: vec![1_000, 2_000], counts: vec![requests, 0, 0] };
        Vitals {
            node: node.to_owned(),
            version: String::new(),
            uptime_ms: seconds * 1_000,
            now: Timestamp::from_millis(0),
            requests,
            request_times: times,
            ceremonies: vec![CeremonyCount { ceremony: "login".to_owned(), succeeded: requests / 2, refused }],
            refusals: vec![CodeCount { code: "origin_mismatch".to_owned(), count: refused }],
            write_wait: TimeHistogram::default(),
            commits: TimeHistogram::default(),
            queues: Vec::new(),
            connections: None,
            database_connections: None,
            wal_bytes: None,
            cpu_ms: Some(seconds * 500),
            memory_bytes: None,
            jobs: Vec::new(),
        }
    }

    #[test]
    fn rates_use_the_time_between_two_responses_of_one_process() {
        let mut history = History::default();
        history.add(vitals("a/1", 10, 100, 0));
        assert_eq!(history.last(), None);
        history.add(vitals("a/1", 12, 110, 3));
        let last = history.last().unwrap();
        assert_eq!((last.requests, last.ceremonies, last.refusals), (5_000, 2_500, 1_500));
        assert_eq!((last.p50, last.cpu_percent), (Some(500), Some(50)));
        let [(code, refusals)] = history.codes().try_into().unwrap();
        assert_eq!((code, refusals.total, refusals.rates.back()), ("origin_mismatch", 3, Some(&1_500)));
    }

    #[test]
    fn history_starts_again_when_another_process_responds() {
        let mut history = History::default();
        history.add(vitals("a/1", 10, 100, 0));
        history.add(vitals("a/1", 11, 110, 0));
        history.add(vitals("b/9", 500, 9_000, 0));
        assert_eq!(history.last(), None);
        history.add(vitals("b/9", 501, 9_007, 0));
        assert_eq!(history.last().map(|sample| sample.requests), Some(7_000));
        // A restarted process has a smaller uptime.
        history.add(vitals("b/9", 1, 3, 0));
        assert_eq!(history.last(), None);
    }
}
