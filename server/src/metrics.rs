//! Prometheus metrics of one server. No label contains a value that clients can invent.

mod process;
mod vitals;

use std::{sync::Arc, time::Duration};

use doorward_shared::Timestamp;
use metrics::{Counter, Gauge, Histogram, Key, Label, Recorder as _, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use quick_cache::sync::Cache;

pub use self::vitals::Counts;
use self::vitals::{Recorded, TimeBuckets, ceremony};

static METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

const REQUESTS: &str = "doorward_http_requests_total";
const REQUEST_SECONDS: &str = "doorward_http_request_seconds";
const CEREMONIES: &str = "doorward_ceremonies_total";
const RATE_LIMITED: &str = "doorward_rate_limited_total";
const CACHE_LOOKUPS: &str = "doorward_cache_lookups_total";
const QUEUE_SECONDS: &str = "doorward_database_queue_seconds";
const COMMIT_SECONDS: &str = "doorward_database_commit_seconds";
const COUNTER_REGRESSIONS: &str = "doorward_counter_regressions_accepted_total";
const SIGNING_KEYS_ROTATED: &str = "doorward_signing_keys_rotated_total";
const TRUST_MONITORED: &str = "doorward_trust_monitored_total";
const AUDIT_WRITTEN: &str = "doorward_audit_entries_written_total";
const SPANS_DROPPED: &str = "doorward_trace_spans_dropped_total";
const FORWARD_LAG: &str = "doorward_audit_forward_lag_seconds";
const FORWARDED: &str = "doorward_audit_forwarded_total";
const FORWARD_FAILURES: &str = "doorward_audit_forward_failures_total";
const JOB_RUNS: &str = "doorward_job_runs_total";
const CERTIFICATE_EXPIRY: &str = "doorward_tls_certificate_expiry_timestamp_seconds";
const JOB_SUCCESS: &str = "doorward_job_last_success_timestamp_seconds";

/// Name and description of each counter.
const COUNTERS: [(&str, &str); 12] = [
    (REQUESTS, "HTTP responses by method, route and status"),
    (CEREMONIES, "steps of ceremonies by outcome and error code"),
    (RATE_LIMITED, "requests above a rate limit: of an address, a network or a tenant"),
    (CACHE_LOOKUPS, "lookups in a cache by result"),
    (TRUST_MONITORED, "ceremonies that succeeded although an enforced trust policy would have refused them"),
    (AUDIT_WRITTEN, "audit entries that this process created"),
    (SIGNING_KEYS_ROTATED, "signing keys that this process replaced because of token.rotate_every"),
    (COUNTER_REGRESSIONS, "accepted logins whose signature counter did not increase (webauthn.counter_policy)"),
    (SPANS_DROPPED, "spans that were not sent to the collector (traces.endpoint)"),
    (FORWARDED, "audit entries that were forwarded, by target of audit.forward"),
    (FORWARD_FAILURES, "failed attempts to forward audit entries"),
    (JOB_RUNS, "runs of background jobs by outcome"),
];

/// Name and description of each histogram, in seconds.
const HISTOGRAMS: [(&str, &str); 3] = [
    (REQUEST_SECONDS, "time to the response, by method and route"),
    (QUEUE_SECONDS, "time that units of work wait in the queue of the database"),
    (COMMIT_SECONDS, "time of a commit, which several units of work can share"),
];

/// Name and description of each gauge, except those of the process ([`process::GAUGES`]).
const GAUGES: [(&str, &str); 16] = [
    ("doorward_build_info", "always 1; the labels are the version and the database engine"),
    ("doorward_database_bytes", "size of the database in bytes"),
    ("doorward_database_queued_units", "units of work that wait in a queue of the database"),
    ("doorward_database_idle_threads", "database threads that wait for a unit of work"),
    ("doorward_database_connected", "connections of the PostgreSQL pool that are open or being opened"),
    ("doorward_sqlite_wal_bytes", "size of SQLite's write-ahead log in bytes"),
    ("doorward_audit_entries", "entries of all audit logs, counted every ten minutes"),
    (CERTIFICATE_EXPIRY, "Unix time at which the TLS certificate expires"),
    ("doorward_metadata_age_seconds", "time since the import of the FIDO metadata; absent if nothing was imported"),
    ("doorward_metadata_overdue", "1 if the next FIDO metadata should have been published, otherwise 0"),
    (FORWARD_LAG, "age of the oldest audit entry that a target of audit.forward does not have"),
    ("doorward_probe_success", "1 if the latest scheduled probe of the tenant succeeded, otherwise 0"),
    ("doorward_probe_seconds", "duration of the latest scheduled probe of the tenant"),
    ("doorward_backup_interval_seconds", "interval of scheduled backups (backup.every)"),
    ("doorward_backup_last_success_timestamp_seconds", "Unix time of the newest scheduled backup; 0 if there is none"),
    (JOB_SUCCESS, "Unix time of the last successful run of a background job"),
];

/// Counters, gauges and histograms of one server. Their recorder is not global, because one process may run several
/// servers.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Cached metrics of requests by method, route, status and error code. They are cached because finding a metric by
    /// its labels takes longer than incrementing it.
    requests: Cache<(&'static str, String, u16, Option<&'static str>), RequestMetrics>,
    /// Audit entries that this process created.
    pub audit_entries_written: Counter,
    /// Accepted logins whose signature counter did not increase.
    pub counter_regressions_accepted: Counter,
    /// Signing keys that this process replaced because of the setting `token.rotate_every`.
    pub signing_keys_rotated: Counter,
    /// Counters whose values this process can also read.
    recorded: Recorded,
}

#[derive(Clone)]
struct RequestMetrics {
    requests: Counter,
    seconds: Histogram,
    /// Counter of the ceremony's step; `None` for requests that are not part of a ceremony.
    ceremonies: Option<Counter>,
}

/// Metrics of a cache.
#[derive(Debug, Clone)]
pub struct CacheMetrics {
    pub hits: Counter,
    pub misses: Counter,
}

/// Metrics of one target of audit forwarding.
#[derive(Debug, Clone)]
pub struct ForwardMetrics {
    pub forwarded: Counter,
    pub failures: Counter,
    /// Age in seconds of the oldest entry that the target has not received.
    pub lag: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub fn new() -> Result<Self, BuildError> {
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let mut builder = PrometheusBuilder::new();
        for name in [REQUEST_SECONDS, QUEUE_SECONDS, COMMIT_SECONDS] {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &bounds)?;
        }
        let recorder = builder.build_recorder();
        describe(&recorder);
        Ok(Self {
            handle: recorder.handle(),
            requests: Cache::new(1_024),
            audit_entries_written: recorder.register_counter(&Key::from_static_name(AUDIT_WRITTEN), &METADATA),
            signing_keys_rotated: recorder.register_counter(&Key::from_static_name(SIGNING_KEYS_ROTATED), &METADATA),
            counter_regressions_accepted: recorder
                .register_counter(&Key::from_static_name(COUNTER_REGRESSIONS), &METADATA),
            recorded: Recorded::default(),
            recorder,
        })
    }

    /// Counts a request. `method` and `code` come from fixed lists, `route` is a template of the route table.
    pub fn request(
        &self,
        method: &'static str,
        route: &str,
        status: u16,
        code: Option<&'static str>,
        elapsed: Duration,
    ) {
        let key = (method, route.to_owned(), status, code);
        let metrics = self.requests.get(&key).unwrap_or_else(|| {
            let registered = self.register_request(method, route, status, code);
            self.requests.insert(key, registered.clone());
            registered
        });
        metrics.requests.increment(1);
        metrics.seconds.record(elapsed.as_secs_f64());
        if let Some(ceremonies) = metrics.ceremonies {
            ceremonies.increment(1);
        }
    }

    fn register_request(
        &self,
        method: &'static str,
        route: &str,
        status: u16,
        code: Option<&'static str>,
    ) -> RequestMetrics {
        let (method, route) = (Label::from_static_parts("method", method), Label::new("route", route.to_owned()));
        let labels = vec![method.clone(), route.clone(), Label::new("status", status.to_string())];
        let seconds = Key::from_parts(REQUEST_SECONDS, vec![method, route.clone()]);
        let ceremonies = ceremony(route.value()).map(|(ceremony, step)| {
            let outcome = match status {
                ..400 => "succeeded",
                400..500 => "refused",
                _ => "failed",
            };
            let mut labels = vec![
                Label::new("ceremony", ceremony),
                Label::new("step", step),
                Label::from_static_parts("outcome", outcome),
            ];
            labels.extend(code.map(|code| Label::from_static_parts("code", code)));
            self.recorder.register_counter(&Key::from_parts(CEREMONIES, labels), &METADATA)
        });
        let requests = self.recorder.register_counter(&Key::from_parts(REQUESTS, labels), &METADATA);
        let seconds = self.recorder.register_histogram(&seconds, &METADATA);
        if !vitals::is_of_tenant(route.value()) {
            return RequestMetrics { requests, seconds, ceremonies };
        }
        RequestMetrics {
            requests: self.recorded.requests(route.value(), status, code, requests),
            seconds: if vitals::is_delayed(code) {
                seconds
            } else {
                TimeBuckets::beside(&self.recorded.request_times, seconds)
            },
            ceremonies,
        }
    }

    /// Returns the metrics of a cache.
    pub fn cache(&self, cache: &'static str) -> CacheMetrics {
        let counter = |result| self.counter(CACHE_LOOKUPS, [("cache", cache), ("result", result)]);
        CacheMetrics { hits: counter("hit"), misses: counter("miss") }
    }

    /// Returns the counter of requests above one of the rate limits.
    pub fn rate_limited(&self, limit: &'static str) -> Counter {
        self.counter(RATE_LIMITED, [("limit", limit)])
    }

    /// Counts a ceremony that succeeded only because its trust policy has the mode `monitor`. `step` is `registration`
    /// or `login`.
    pub fn trust_monitored(&self, step: &'static str) {
        self.counter(TRUST_MONITORED, [("step", step)]).increment(1);
    }

    /// Returns the counter of spans that were not sent to the collector.
    pub fn dropped_spans(&self) -> Counter {
        self.recorder.register_counter(&Key::from_static_name(SPANS_DROPPED), &METADATA)
    }

    /// Returns the histogram of the time that units of work of one kind wait in the database's queue.
    pub fn database_queue_seconds(&self, work: &'static str) -> Histogram {
        let key = Key::from_parts(QUEUE_SECONDS, vec![Label::from_static_parts("work", work)]);
        let seconds = self.recorder.register_histogram(&key, &METADATA);
        if work == "write" { TimeBuckets::beside(&self.recorded.write_waits, seconds) } else { seconds }
    }

    pub fn database_commit_seconds(&self) -> Histogram {
        let seconds = self.recorder.register_histogram(&Key::from_static_name(COMMIT_SECONDS), &METADATA);
        TimeBuckets::beside(&self.recorded.commit_times, seconds)
    }

    /// Counts a run of a background job. `end` is the time at which the run ended.
    pub fn job(&self, job: &'static str, outcome: &'static str, end: Timestamp) {
        self.counter(JOB_RUNS, [("job", job), ("outcome", outcome)]).increment(1);
        if outcome == "succeeded" {
            self.gauge(JOB_SUCCESS, &[("job", job)], end.millis() as f64 / 1_000.0);
        }
        self.recorded.job(job, outcome == "succeeded", end);
    }

    /// Sets the time at which the TLS certificate in use expires.
    pub fn certificate_expiry(&self, expiry: Timestamp) {
        self.gauge(CERTIFICATE_EXPIRY, &[], expiry.seconds() as f64);
    }

    /// Sets a gauge of scheduled probes. `tenant` is the id of a tenant in `probe.keys_file`.
    pub fn probe(&self, name: &'static str, tenant: &str, value: f64) {
        let labels = vec![Label::new("tenant", tenant.to_owned())];
        self.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value);
    }

    /// Returns the metrics of an audit forwarding target. `target` contains the kind of the target and its position in
    /// `audit.forward`.
    pub fn forwarding(&self, target: &str) -> ForwardMetrics {
        let key = |name| Key::from_parts(name, vec![Label::new("target", target.to_owned())]);
        ForwardMetrics {
            forwarded: self.recorder.register_counter(&key(FORWARDED), &METADATA),
            failures: self.recorder.register_counter(&key(FORWARD_FAILURES), &METADATA),
            lag: self.recorder.register_gauge(&key(FORWARD_LAG), &METADATA),
        }
    }

    /// Sets the function that returns the number of open connections of the public API.
    pub fn watch_connections(&self, open: impl Fn() -> usize + Send + Sync + 'static) {
        self.recorded.watch_connections(Arc::new(open));
    }

    /// Returns the current values of the counters that this process can read.
    pub fn counts(&self) -> Counts {
        self.recorded.counts()
    }

    pub fn gauge(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: f64) {
        let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::from_static_parts(name, value)).collect();
        self.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value);
    }

    fn counter<const N: usize>(&self, name: &'static str, labels: [(&'static str, &'static str); N]) -> Counter {
        let labels = labels.map(|(name, value)| Label::from_static_parts(name, value)).to_vec();
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    /// Moves recorded times to their buckets. Must be called regularly, because memory grows with each request until
    /// the next call.
    pub fn maintain(&self) {
        self.handle.run_upkeep();
    }

    /// Renders all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        process::values().for_each(|(name, value)| self.gauge(name, &[], value));
        self.maintain();
        self.handle.render()
    }
}

fn describe(recorder: &PrometheusRecorder) {
    for (name, description) in COUNTERS {
        recorder.describe_counter(name.into(), None, description.into());
    }
    for (name, description) in HISTOGRAMS {
        recorder.describe_histogram(name.into(), Some(Unit::Seconds), description.into());
    }
    for (name, description) in GAUGES.into_iter().chain(process::GAUGES) {
        recorder.describe_gauge(name.into(), None, description.into());
    }
}

/// Returns the names of all metrics.
pub fn names() -> impl Iterator<Item = &'static str> {
    let all = COUNTERS.into_iter().chain(HISTOGRAMS).chain(GAUGES).chain(process::GAUGES);
    all.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use doorward_shared::admin::{CeremonyCount, TimeHistogram};

    use super::*;

    #[test]
    fn documentation_lists_every_metric() {
        let page = include_str!("../../docs/operations.md");
        for name in names().filter(|name| !name.starts_with("process_")) {
            assert!(page.contains(&format!("| `{name}` |")), "docs/operations.md lacks {name}");
        }
    }

    #[test]
    fn ceremonies_are_counted_by_outcome_and_code() {
        let metrics = Metrics::new().unwrap();
        let route = "/{tenant_id}/mfa/login/finalize";
        for (status, code) in [(200, None), (200, None), (401, Some("challenge_unknown")), (503, Some("unavailable"))] {
            metrics.request("POST", route, status, code, Duration::from_millis(1));
        }
        metrics.request("GET", "/{tenant_id}/credentials", 200, None, Duration::from_millis(1));
        let text = metrics.render();
        let labels = "doorward_ceremonies_total{ceremony=\"mfa_login\",step=\"finalize\",outcome=";
        for line in
            ["\"succeeded\"} 2", "\"refused\",code=\"challenge_unknown\"} 1", "\"failed\",code=\"unavailable\"} 1"]
        {
            assert!(text.contains(&format!("{labels}{line}")), "{line}: {text}");
        }
        assert_eq!(text.matches("doorward_ceremonies_total{").count(), 3);
        assert!(text.contains("doorward_http_request_seconds_count{method=\"POST\","), "{text}");
    }

    #[test]
    fn requests_of_tenants_are_counted_by_ceremony_code_and_time() {
        let metrics = Metrics::new().unwrap();
        let request = |route, status, code, micros| {
            metrics.request("POST", route, status, code, Duration::from_micros(micros));
        };
        request("/{tenant_id}/mfa/login/finalize", 200, None, 900);
        request("/{tenant_id}/mfa/login/finalize", 401, Some("origin_mismatch"), 900);
        request("/{tenant_id}/login/initialize", 400, Some("body_malformed"), 30);
        request("/{tenant_id}/login/initialize", 200, None, 20_000_000);
        // Requests to the admin API are not counted, because the terminal app, which shows these values, sends one
        // every second.
        request("/vitals", 200, None, 900);
        // Responses that reject a key are delayed on purpose, so their durations would distort the durations of other
        // requests.
        request("/{tenant_id}/credentials", 401, Some("api_key_invalid"), 500_000);
        let counts = metrics.counts();
        assert_eq!((counts.requests, counts.request_times.total()), (5, 4));
        assert_eq!(counts.request_times.counts.last(), Some(&1));
        assert_eq!(counts.request_times.since(&TimeHistogram::default()).quantile_us(0.25), Some(50));
        let mfa = CeremonyCount { ceremony: "mfa_login".to_owned(), succeeded: 1, refused: 1 };
        assert_eq!(counts.ceremonies, [mfa]);
        let codes: Vec<_> = counts.refusals.iter().map(|it| (it.code.as_str(), it.count)).collect();
        assert_eq!(codes, [("api_key_invalid", 1), ("body_malformed", 1), ("origin_mismatch", 1)]);
    }

    #[test]
    fn jobs_state_their_last_success_and_whether_they_fail() {
        let metrics = Metrics::new().unwrap();
        metrics.job("purge", "succeeded", Timestamp::from_millis(1_000));
        metrics.job("purge", "failed", Timestamp::from_millis(2_000));
        let [job] = metrics.counts().jobs.try_into().unwrap();
        assert_eq!((job.runs, job.failures, job.failing), (2, 1, true));
        assert_eq!(job.last_success, Some(Timestamp::from_millis(1_000)));
    }
}
