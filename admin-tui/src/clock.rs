//! The only place that reads the system's clocks.

use std::time::Instant;

use doorward_shared::Timestamp;

#[expect(clippy::disallowed_methods, reason = "time enters here")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// One reading of the wall clock and of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The time of day, for times that people read or enter. It can jump forward or back when the clock is set.
    pub wall: Timestamp,
    /// The time of day at the start of the app plus the time that has elapsed since then. This sum never decreases, so
    /// it is used for deadlines and intervals.
    pub steady: Timestamp,
}

impl Time {
    /// The reading of both clocks at the start of the app.
    pub const fn start(now: Timestamp) -> Self {
        Self { wall: now, steady: now }
    }
}

#[derive(Debug)]
pub struct Clock {
    started: Instant,
    wall_at_start: Timestamp,
}

impl Clock {
    /// Starts a clock. `now` is the current time of day.
    pub fn start(now: Timestamp) -> Self {
        Self { started: Instant::now(), wall_at_start: now }
    }

    pub fn read(&self) -> Time {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Time { wall: now(), steady: self.wall_at_start.plus_millis(elapsed) }
    }
}
