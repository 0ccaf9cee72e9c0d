//! Measurements of the queues and connections.

use std::{sync::OnceLock, time::Duration};

use metrics::Histogram;

/// Histograms in seconds.
#[derive(Debug, Clone)]
pub struct DatabaseMetrics {
    /// Time that reads wait in their queue.
    pub read_seconds: Histogram,
    /// Time that writes wait in their queue.
    pub write_seconds: Histogram,
    /// Duration of a commit, which several units of work can share.
    pub commit_seconds: Histogram,
}

/// State of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLoad {
    pub queued: usize,
    /// Number of threads that wait for a unit.
    pub idle_threads: usize,
}

/// The histograms; empty until [`super::Database::instrument`] sets them.
#[derive(Debug, Default)]
pub(super) struct Measurements(OnceLock<DatabaseMetrics>);

impl Measurements {
    pub(super) fn set(&self, metrics: DatabaseMetrics) {
        // An error means that the histograms are already set. In this case, they are not replaced.
        let _ = self.0.set(metrics);
    }

    pub(super) fn record_wait(&self, is_read: bool, waited: Duration) {
        if let Some(metrics) = self.0.get() {
            let histogram = if is_read { &metrics.read_seconds } else { &metrics.write_seconds };
            histogram.record(waited.as_secs_f64());
        }
    }

    pub(super) fn record_commit(&self, time: Duration) {
        if let Some(metrics) = self.0.get() {
            metrics.commit_seconds.record(time.as_secs_f64());
        }
    }
}
