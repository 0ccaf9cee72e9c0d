//! State of the process lock, which the listening session holds. While the session does not hold the lock,
//! `migrate-storage` may be moving the database, so no unit of work runs.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::super::error::DbError;

/// One period in which the lock was held without interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(u64);

struct State {
    held: bool,
    period: u64,
    changed_at: Instant,
}

pub(super) struct LockState {
    state: Mutex<State>,
    taken: Condvar,
    /// Time after the loss of the lock during which units of work wait for the lock. Later, they are refused at once.
    grace: Duration,
}

impl LockState {
    pub(super) fn new(grace: Duration) -> Self {
        let state = State { held: false, period: 0, changed_at: Instant::now() };
        Self { state: Mutex::new(state), taken: Condvar::new(), grace }
    }

    /// Returns the time after the loss of the lock during which units of work wait for the lock.
    pub(super) const fn grace(&self) -> Duration {
        self.grace
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the lock was taken or lost.
    pub(super) fn set(&self, held: bool) {
        let mut state = self.state();
        if state.held != held {
            *state = State { held, period: state.period + 1, changed_at: Instant::now() };
        }
        drop(state);
        self.taken.notify_all();
    }

    /// Returns the current period. If the lock was lost less than `grace` ago, first waits until the lock is held again
    /// or `grace` has passed.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] if the lock is not held.
    pub(super) fn wait(&self) -> Result<Period, DbError> {
        let state = self.state();
        let remaining = self.grace.saturating_sub(state.changed_at.elapsed());
        let waited = self.taken.wait_timeout_while(state, remaining, |state| !state.held);
        let state = waited.map_or_else(|error| error.into_inner().0, |(state, _)| state);
        if state.held { Ok(Period(state.period)) } else { Err(lost()) }
    }

    /// Checks that the lock has been held since the start of the period.
    pub(super) fn check(&self, period: Period) -> Result<(), DbError> {
        let state = self.state();
        if state.held && state.period == period.0 { Ok(()) } else { Err(lost()) }
    }
}

fn lost() -> DbError {
    DbError::Unavailable("this process does not hold the process lock of the database".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_ends_when_the_lock_is_lost() {
        let lock = LockState::new(Duration::ZERO);
        assert!(lock.wait().is_err());
        lock.set(true);
        let period = lock.wait().expect("the lock is held");
        lock.set(true);
        assert_eq!(lock.check(period), Ok(()));
        lock.set(false);
        lock.set(true);
        assert!(lock.check(period).is_err(), "another process may have held the lock in between");
        assert_ne!(lock.wait(), Ok(period));
    }

    #[test]
    fn units_are_refused_only_after_the_grace_period() {
        const GRACE: Duration = Duration::from_millis(50);
        let lock = LockState::new(GRACE);
        lock.set(true);
        let lost_at = Instant::now();
        lock.set(false);
        assert!(lock.wait().is_err() && lost_at.elapsed() >= GRACE, "{:?}", lost_at.elapsed());
    }

    #[test]
    fn units_wait_for_a_lock_that_was_lost_a_short_time_ago() {
        let lock = LockState::new(Duration::from_secs(60));
        lock.set(true);
        lock.set(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lock.wait());
            lock.set(true);
            assert!(waiting.join().expect("no panic").is_ok());
        });
    }
}
