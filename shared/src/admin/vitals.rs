//! Vitals of one server process.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Counters of the server process (node) that responds. They start at zero when the process starts and never decrease,
/// so clients can compute rates from two responses of the same process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Vitals {
    /// Name of the node: host name and process id.
    #[cfg_attr(feature = "openapi", schema(example = "login-1/4711"))]
    pub node: String,
    /// Version of the server.
    pub version: String,
    /// Milliseconds since the process started. Two responses come from different processes if their nodes differ, or if
    /// this value is smaller in the later response.
    pub uptime_ms: u64,
    /// The server's time.
    pub now: Timestamp,
    /// Number of requests to the tenants' endpoints of the public API.
    pub requests: u64,
    /// Response times of the requests that `requests` counts. Requests that were refused because of their API key or a
    /// rate limit are left out, because their responses are delayed on purpose.
    pub request_times: TimeHistogram,
    /// Number of finalize requests, by ceremony.
    pub ceremonies: Vec<CeremonyCount>,
    /// Number of refused or failed requests to the tenants' endpoints of the public API, by error code.
    pub refusals: Vec<CodeCount>,
    /// Number of writes, by the time that each write waited for the database.
    pub write_wait: TimeHistogram,
    /// Number of commits, by duration.
    pub commits: TimeHistogram,
    /// Queues of the database: `read` and `write` (SQLite), or `all` (PostgreSQL).
    pub queues: Vec<QueueVitals>,
    /// Number of open client connections to the public API; absent if this process does not serve the public API.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connections: Option<u64>,
    /// Number of connections to PostgreSQL; absent on SQLite.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database_connections: Option<u64>,
    /// Size of SQLite's write-ahead log in bytes; absent on PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wal_bytes: Option<u64>,
    /// CPU time of the process in milliseconds; absent if the operating system does not report it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu_ms: Option<u64>,
    /// Resident memory of the process in bytes; absent if the operating system does not report it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_bytes: Option<u64>,
    /// Background jobs that have run at least once.
    pub jobs: Vec<JobVitals>,
}

/// Number of events by duration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimeHistogram {
    /// Largest duration of each bucket in microseconds, ascending.
    pub bounds_us: Vec<u64>,
    /// Number of events in each bucket. The last bucket, which has no bound, counts all longer durations.
    pub counts: Vec<u64>,
}

impl TimeHistogram {
    /// Returns the number of all events.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the histogram of the events that were counted since `earlier`, a previous state of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let counts = self.counts.iter().zip(before).map(|(now, before)| now.saturating_sub(before)).collect();
        Self { bounds_us: self.bounds_us.clone(), counts }
    }

    /// Returns the duration in microseconds that the given share of the events (0 to 1) does not exceed. The duration
    /// is interpolated within its bucket. If it lies above the last bound, returns this bound. Returns `None` if there
    /// are no events.
    #[must_use]
    pub fn quantile_us(&self, share: f64) -> Option<u64> {
        let wanted = self.total() as f64 * share;
        let (mut below, mut lower) = (0.0, 0);
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let upper = self.bounds_us.get(at).copied();
            lower = at.checked_sub(1).and_then(|before| self.bounds_us.get(before)).copied().unwrap_or(0).max(lower);
            let Some(upper) = upper else { return Some(lower) };
            let count = *count as f64;
            if below + count >= wanted {
                let part = (upper - lower) as f64 * ((wanted - below) / count);
                return Some(lower + part as u64);
            }
            below += count;
        }
        None
    }
}

/// Number of finalize requests of one ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CeremonyCount {
    /// The ceremony: `registration`, `login`, `mfa_registration`, `mfa_login` or `transaction`.
    pub ceremony: String,
    /// Completed ceremonies.
    pub succeeded: u64,
    /// Refused or failed finalize requests.
    pub refused: u64,
}

/// Number of requests that ended with an error code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeCount {
    /// The error code.
    pub code: String,
    /// Number of requests.
    pub count: u64,
}

/// State of a queue of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueVitals {
    /// Name of the queue.
    pub queue: String,
    /// Number of waiting units of work.
    pub queued: u64,
    /// Number of threads that wait for a unit of work.
    pub idle_threads: u64,
}

/// Runs of a background job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobVitals {
    /// Name of the job.
    pub job: String,
    /// Number of runs.
    pub runs: u64,
    /// Number of runs that failed.
    pub failures: u64,
    /// Whether the latest run failed.
    pub failing: bool,
    /// Time of the latest successful run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_success: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::TimeHistogram;

    fn histogram(counts: &[u64]) -> TimeHistogram {
        TimeHistogram { bounds_us: vec![100, 200, 400], counts: counts.to_vec() }
    }

    #[test]
    fn quantiles_are_interpolated_inside_a_bucket() {
        let times = histogram(&[50, 40, 10, 0]);
        assert_eq!(times.quantile_us(0.5), Some(100));
        assert_eq!(times.quantile_us(0.7), Some(150));
        assert_eq!(times.quantile_us(0.99), Some(380));
        // The last bucket has no upper bound, so the result is the bound below it.
        assert_eq!(histogram(&[0, 0, 0, 3]).quantile_us(0.5), Some(400));
        assert_eq!(histogram(&[0; 4]).quantile_us(0.5), None);
    }

    #[test]
    fn difference_of_two_states_counts_only_new_events() {
        assert_eq!(histogram(&[5, 1, 0, 0]).since(&histogram(&[3, 1, 0, 0])), histogram(&[2, 0, 0, 0]));
        assert_eq!(histogram(&[5, 1, 0, 0]).since(&TimeHistogram::default()).total(), 6);
    }
}
