//! A clock that changes only when a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use doorward_server::clock::Clock;
use doorward_shared::Timestamp;

#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Creates a clock with a fixed start time.
    pub fn new() -> Self {
        Self(AtomicI64::new(1_790_000_000_000))
    }

    /// Moves the clock forward, or back if `millis` is negative.
    pub fn advance_ms(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
