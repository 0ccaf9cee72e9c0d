//! How overload is told. It comes in floods, and a line of the log for each refused request would add to what overloads: at
//! most one a second, which says how many were left out before it. `/metrics` counts each.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// Refused requests of one server.
#[derive(Debug, Default)]
pub struct Overloads(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the last line was written.
    told: Option<Instant>,
    /// Refused requests that no line tells of yet.
    left_out: u64,
}

impl State {
    fn is_due(&self, now: Instant) -> bool {
        self.told.is_none_or(|told| now.saturating_duration_since(told) >= PAUSE)
    }
}

impl Overloads {
    /// Takes note of a refused request. If it is worth a line: how many were left out before it.
    pub fn refused(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_due(now) {
            state.told = Some(now);
            return Some(std::mem::take(&mut state.left_out));
        }
        state.left_out += 1;
        None
    }

    /// After a flood: how many were left out since its last line, if there are any and it is time for another line.
    pub fn rest(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.left_out == 0 || !state.is_due(now) {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_a_second_and_nothing_is_lost() {
        let overloads = Overloads::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(overloads.refused(at(0)), Some(0), "the first is told at once");
        assert!((1..1_000).all(|millis| overloads.refused(at(millis)).is_none()));
        assert_eq!(overloads.refused(at(1_000)), Some(999));
        assert_eq!((overloads.refused(at(1_500)), overloads.rest(at(1_999))), (None, None));
        assert_eq!(overloads.rest(at(2_000)), Some(1));
        assert_eq!((overloads.rest(at(9_000)), overloads.refused(at(2_500))), (None, None));
        assert_eq!(overloads.refused(at(3_000)), Some(1));
        // Threads read the clock before they come here, in any order.
        assert_eq!(overloads.refused(at(2_000)), None);
        assert_eq!(overloads.rest(at(4_000)), Some(1));
    }
}
