//! Counters that this process can read itself. The counters of the Prometheus exporter can only be rendered as text, so
//! these counters record the same events a second time. The number of counters is bounded, because label values come
//! from closed lists.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use doorward_shared::{
    ErrorCode, Timestamp,
    admin::{CeremonyCount, CodeCount, JobVitals, TimeHistogram},
};
use metrics::{Counter, CounterFn, Histogram, HistogramFn};

use super::process;

/// Upper bounds of the buckets of [`TimeBuckets`] in microseconds; the last bucket has no bound.
const BOUNDS_US: [u64; 31] = [
    50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000,
    50_000, 70_000, 100_000, 150_000, 200_000, 300_000, 500_000, 700_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000,
    10_000_000,
];

/// Prefix of the public API's routes that belong to a tenant.
const TENANT_ROUTES: &str = "/{tenant_id}/";

/// Returns whether responses with this error code are delayed on purpose.
pub(super) fn is_delayed(code: Option<&str>) -> bool {
    let delayed =
        [ErrorCode::ApiKeyInvalid, ErrorCode::ApiKeyMissing, ErrorCode::ApiKeyDisabled, ErrorCode::RateLimited];
    code.is_some_and(|code| delayed.iter().any(|delayed| delayed.as_str() == code))
}

pub(super) fn is_of_tenant(route: &str) -> bool {
    route.starts_with(TENANT_ROUTES)
}

/// Returns the ceremony and the step of a route, like `mfa_login` and `finalize`; `None` for other routes.
pub(super) fn ceremony(route: &str) -> Option<(String, String)> {
    let (ceremony, step) = route.strip_prefix("/{tenant_id}/")?.rsplit_once('/')?;
    ["initialize", "finalize"].contains(&step).then(|| (ceremony.replace('/', "_"), step.to_owned()))
}

/// Number of events by duration.
#[derive(Debug, Default)]
pub(super) struct TimeBuckets([AtomicU64; BOUNDS_US.len() + 1]);

impl TimeBuckets {
    /// Returns a histogram that records each value both in `buckets` and in the exported histogram.
    pub(super) fn beside(buckets: &Arc<Self>, exported: Histogram) -> Histogram {
        Histogram::from_arc(Arc::new(BothHistograms { buckets: Arc::clone(buckets), exported }))
    }

    fn snapshot(&self) -> TimeHistogram {
        let counts = self.0.iter().map(|count| count.load(Relaxed)).collect();
        TimeHistogram { bounds_us: BOUNDS_US.to_vec(), counts }
    }
}

struct BothHistograms {
    buckets: Arc<TimeBuckets>,
    exported: Histogram,
}

impl HistogramFn for BothHistograms {
    fn record(&self, seconds: f64) {
        let micros = (seconds * 1_000_000.0) as u64;
        if let Some(bucket) = self.buckets.0.get(BOUNDS_US.partition_point(|bound| *bound < micros)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.exported.record(seconds);
    }
}

struct BothCounters {
    count: Arc<AtomicU64>,
    exported: Counter,
}

impl CounterFn for BothCounters {
    fn increment(&self, value: u64) {
        self.count.fetch_add(value, Relaxed);
        self.exported.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.count.store(value, Relaxed);
        self.exported.absolute(value);
    }
}

/// Route, status and error code of requests.
type RequestKind = (String, u16, Option<&'static str>);

/// The counters that [`Recorded::counts`] reads.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) request_times: Arc<TimeBuckets>,
    pub(super) write_waits: Arc<TimeBuckets>,
    pub(super) commit_times: Arc<TimeBuckets>,
    /// Requests to the tenants' endpoints of the public API.
    requests: Mutex<BTreeMap<RequestKind, Arc<AtomicU64>>>,
    jobs: Mutex<BTreeMap<&'static str, JobRuns>>,
    connections: OnceLock<Arc<dyn Fn() -> usize + Send + Sync>>,
}

#[derive(Debug, Default)]
struct JobRuns {
    runs: u64,
    failures: u64,
    failing: bool,
    last_success: Option<Timestamp>,
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorded")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorded {
    /// Returns a counter of requests that also counts in `exported`.
    pub(super) fn requests(&self, route: &str, status: u16, code: Option<&'static str>, exported: Counter) -> Counter {
        let count = Arc::clone(lock(&self.requests).entry((route.to_owned(), status, code)).or_default());
        Counter::from_arc(Arc::new(BothCounters { count, exported }))
    }

    pub(super) fn job(&self, job: &'static str, succeeded: bool, end: Timestamp) {
        let mut jobs = lock(&self.jobs);
        let runs = jobs.entry(job).or_default();
        runs.runs += 1;
        runs.failing = !succeeded;
        if succeeded {
            runs.last_success = Some(end);
        } else {
            runs.failures += 1;
        }
    }

    pub(super) fn watch_connections(&self, open: Arc<dyn Fn() -> usize + Send + Sync>) {
        // A process has one public API, so only the first call has an effect.
        let _ = self.connections.set(open);
    }

    /// Returns the total number of requests, the number of ceremonies by kind and outcome, and the number of responses
    /// by error code.
    fn requests_by_kind(&self) -> (u64, Vec<CeremonyCount>, Vec<CodeCount>) {
        let mut requests = 0;
        let (mut ceremonies, mut codes) = (BTreeMap::<String, (u64, u64)>::new(), BTreeMap::<&str, u64>::new());
        for ((route, status, code), count) in lock(&self.requests).iter() {
            let count = count.load(Relaxed);
            requests += count;
            if let Some((ceremony, _)) = ceremony(route).filter(|(_, step)| step == "finalize") {
                let (succeeded, refused) = ceremonies.entry(ceremony).or_default();
                *(if *status < 400 { succeeded } else { refused }) += count;
            }
            if let Some(code) = code {
                *codes.entry(code).or_default() += count;
            }
        }
        let ceremonies = ceremonies.into_iter().map(|(ceremony, (succeeded, refused))| CeremonyCount {
            ceremony,
            succeeded,
            refused,
        });
        let codes = codes.into_iter().map(|(code, count)| CodeCount { code: code.to_owned(), count });
        (requests, ceremonies.collect(), codes.collect())
    }

    pub(super) fn counts(&self) -> Counts {
        let (requests, ceremonies, refusals) = self.requests_by_kind();
        Counts {
            node: node_name(),
            requests,
            request_times: self.request_times.snapshot(),
            ceremonies,
            refusals,
            write_wait: self.write_waits.snapshot(),
            commits: self.commit_times.snapshot(),
            connections: self.connections.get().map(|open| open()),
            jobs: self.jobs(),
            cpu_seconds: process::cpu_seconds(),
            memory_bytes: process::resident_bytes(),
        }
    }

    fn jobs(&self) -> Vec<JobVitals> {
        let vitals = |(job, runs): (&&str, &JobRuns)| JobVitals {
            job: (*job).to_owned(),
            runs: runs.runs,
            failures: runs.failures,
            failing: runs.failing,
            last_success: runs.last_success,
        };
        lock(&self.jobs).iter().map(vitals).collect()
    }
}

/// Counters of this process at one time.
#[derive(Debug)]
pub struct Counts {
    /// Name of this node: host name and process id.
    pub node: String,
    pub requests: u64,
    pub request_times: TimeHistogram,
    pub ceremonies: Vec<CeremonyCount>,
    pub refusals: Vec<CodeCount>,
    pub write_wait: TimeHistogram,
    pub commits: TimeHistogram,
    pub connections: Option<usize>,
    pub jobs: Vec<JobVitals>,
    pub cpu_seconds: Option<f64>,
    pub memory_bytes: Option<f64>,
}

fn node_name() -> String {
    let host = process::host_name().unwrap_or_else(|| "node".to_owned());
    format!("{host}/{}", std::process::id())
}
