//! What the server counts, in Prometheus' terms.

use std::time::Duration;

use metrics::{Key, Label, Recorder as _, describe_counter, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use quick_cache::sync::Cache;

static METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

const HASHES: &str = "doorward_key_hashes_total";
const HASHES_REFUSED: &str = "doorward_key_hashes_refused_total";
/// Methods that are told apart.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Counters and histograms of one server. No global recorder: tests and servers in one process stay apart.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Kept handles: a lookup by labels costs more than the count itself.
    requests: Cache<(String, String, u16), (metrics::Counter, metrics::Histogram)>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// An empty set.
    ///
    /// # Errors
    /// When the histogram's bounds are refused.
    pub fn new() -> Result<Self, BuildError> {
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("doorward_http_request_seconds".to_owned()), &bounds)?
            .build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_counter!("doorward_http_requests_total", "requests answered, by method, route and status");
            describe_counter!(HASHES, "key hashes computed: new keys, and keys that were not remembered");
            describe_counter!(HASHES_REFUSED, "key hashes refused because the queue was full");
            describe_histogram!("doorward_http_request_seconds", "time to answer, in seconds, by route");
        });
        Ok(Self { handle: recorder.handle(), recorder, requests: Cache::new(512) })
    }

    /// Counts an answered request.
    pub fn request(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        // A method may be any word: each would be a figure that is kept for ever.
        let method = if METHODS.contains(&method) { method } else { "other" };
        let key = (method.to_owned(), route.to_owned(), status);
        let (counter, histogram) = self.requests.get(&key).unwrap_or_else(|| {
            let labels = vec![
                Label::new("method", key.0.clone()),
                Label::new("route", key.1.clone()),
                Label::new("status", status.to_string()),
            ];
            let counted = Key::from_parts("doorward_http_requests_total", labels);
            let timed = Key::from_parts("doorward_http_request_seconds", vec![Label::new("route", key.1.clone())]);
            let made = (
                self.recorder.register_counter(&counted, &METADATA),
                self.recorder.register_histogram(&timed, &METADATA),
            );
            self.requests.insert(key, made.clone());
            made
        });
        counter.increment(1);
        histogram.record(elapsed.as_secs_f64());
    }

    /// All figures in Prometheus' text format, with those of key hashing, which is counted where it is done.
    #[must_use]
    pub fn render(&self, hashes: u64, hashes_refused: u64) -> String {
        for (name, count) in [(HASHES, hashes), (HASHES_REFUSED, hashes_refused)] {
            self.recorder.register_counter(&Key::from_static_name(name), &METADATA).absolute(count);
        }
        self.handle.run_upkeep();
        self.handle.render()
    }
}
