//! Measures durations for logs and metrics; nothing is decided by them.

use std::time::{Duration, Instant};

/// Measures with the machine's monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stopwatch;

impl Stopwatch {
    /// Begins.
    #[must_use]
    pub fn start(self) -> Instant {
        Instant::now()
    }

    /// Time since the beginning.
    #[must_use]
    pub fn elapsed(self, since: Instant) -> Duration {
        since.elapsed()
    }
}
