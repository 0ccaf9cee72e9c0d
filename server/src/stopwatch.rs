//! Measures durations for logs and metrics. No decision may depend on them.

use std::time::{Duration, Instant};

/// A stopwatch on the monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stopwatch;

impl Stopwatch {
    /// Returns the current time.
    #[must_use]
    pub fn start(self) -> Instant {
        Instant::now()
    }

    /// Returns the time since `since`.
    #[must_use]
    pub fn elapsed(self, since: Instant) -> Duration {
        since.elapsed()
    }
}
