//! Prometheus metrics of one server.

use std::time::Duration;

use metrics::{Key, Label, Recorder as _, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use quick_cache::sync::Cache;

static METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

const REQUESTS: &str = "doorward_http_requests_total";
const REQUEST_SECONDS: &str = "doorward_http_request_seconds";
const WAL_BYTES: &str = "doorward_sqlite_wal_bytes";
/// Methods that have their own label. All other methods share the label `other`, which limits the number of series.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Counters and histograms of one server. Their recorder is not global, because a process may run several servers.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Cache of metrics by method, route and status, because a lookup by labels takes more time than the increment.
    requests: Cache<(String, String, u16), (metrics::Counter, metrics::Histogram)>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub fn new() -> Result<Self, BuildError> {
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(REQUEST_SECONDS.to_owned()), &bounds)?
            .build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_counter!(REQUESTS, "HTTP responses by method, route and status");
            describe_gauge!(WAL_BYTES, "size of SQLite's write-ahead log in bytes");
            describe_histogram!(REQUEST_SECONDS, "time to the response in seconds, by route");
        });
        Ok(Self { handle: recorder.handle(), recorder, requests: Cache::new(512) })
    }

    pub fn request(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let method = if METHODS.contains(&method) { method } else { "other" };
        let key = (method.to_owned(), route.to_owned(), status);
        let (counter, histogram) = self.requests.get(&key).unwrap_or_else(|| {
            let labels = vec![
                Label::new("method", key.0.clone()),
                Label::new("route", key.1.clone()),
                Label::new("status", status.to_string()),
            ];
            let requests = Key::from_parts(REQUESTS, labels);
            let seconds = Key::from_parts(REQUEST_SECONDS, vec![Label::new("route", key.1.clone())]);
            let registered = (
                self.recorder.register_counter(&requests, &METADATA),
                self.recorder.register_histogram(&seconds, &METADATA),
            );
            self.requests.insert(key, registered.clone());
            registered
        });
        counter.increment(1);
        histogram.record(elapsed.as_secs_f64());
    }

    pub fn wal_bytes(&self, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge shows an approximate size")]
        self.recorder.register_gauge(&Key::from_name(WAL_BYTES), &METADATA).set(bytes as f64);
    }

    /// Renders all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}
