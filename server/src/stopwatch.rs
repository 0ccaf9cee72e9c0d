//! Measures durations for logs and metrics. Program logic must not depend on these durations.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, Default)]
pub struct Stopwatch;

impl Stopwatch {
    pub fn start(self) -> Instant {
        Instant::now()
    }

    pub fn elapsed(self, since: Instant) -> Duration {
        since.elapsed()
    }
}
