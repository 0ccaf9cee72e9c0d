//! Limit for log lines that clients can cause.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// Permits one log line of its kind per second.
#[derive(Debug, Default)]
pub(super) struct SampledLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

impl SampledLog {
    /// Returns the number of lines left out since the last one, or `None` to leave out this line as well.
    pub(super) fn next(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.duration_since(last).as_secs() == 0) {
            state.left_out += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_line_per_second_is_permitted() {
        let (log, start) = (SampledLog::default(), Instant::now());
        let next = |millis| log.next(start + Duration::from_millis(millis));
        assert_eq!([next(0), next(1), next(999), next(1_000), next(1_001)], [Some(0), None, None, Some(2), None]);
    }
}
