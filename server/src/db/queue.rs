//! Bounded queues of units of work, served by threads that own connections.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    connection::Connection,
    error::DbError,
    metrics::{Measurements, QueueLoad},
    statement::Statement,
    unit::{Caller, SharedTask, Task, Unit, Work},
    written::Written,
};

/// Maximum number of units in a batch. The units of a batch share one transaction.
const UNITS_PER_BATCH: usize = 64;
/// Number of waiting units at which a second batch starts while one is running. The statements of the second batch run
/// while the first batch commits. With fewer units, the second batch would cost more CPU time per unit than it saves in
/// waiting time.
const UNITS_OF_SECOND_BATCH: usize = 16;
/// Maximum time for which a unit waits while one batch is running. A lock or a slow commit may block that batch.
const SECOND_BATCH_TIME: Duration = Duration::from_millis(20);
/// Minimum number of units in a batch that counts as high load. After such a batch, the next one waits for
/// [`GATHER_TIME`], so that more units share it.
const GATHER_THRESHOLD: usize = 4;
/// Time for which the first unit of a batch waits for further units under high load (see [`GATHER_THRESHOLD`]). It adds
/// little to the time that units wait under high load anyway.
const GATHER_TIME: Duration = Duration::from_millis(1);
/// Maximum time for which units wait while two or more batches run, in case these batches are stuck.
const MAX_GATHER_TIME: Duration = Duration::from_millis(50);

/// Work for a thread that owns a connection.
pub(super) enum NextWork {
    One(Box<dyn Unit>),
    /// Units that share a transaction. After these units, the thread calls [`Queue::end_batch`].
    Batch(Vec<Box<dyn Unit>>),
}

#[derive(Default)]
struct State {
    units: VecDeque<Box<dyn Unit>>,
    /// Units that can share a transaction.
    shared: VecDeque<Box<dyn Unit>>,
    running_batches: usize,
    /// Number of units in the batch that started last.
    last_batch: usize,
    /// Number of threads that wait for a unit.
    idle_threads: usize,
    reads: usize,
    writes: usize,
    /// Maximum time from the submission of a unit to its start.
    wait: Duration,
    closed: bool,
}

impl State {
    /// Returns the number of queued units that count against the same limit as `work`.
    fn queued(&mut self, work: Work) -> &mut usize {
        if work == Work::Read { &mut self.reads } else { &mut self.writes }
    }

    /// Returns the first unit whose caller still waits.
    fn pop(&mut self) -> Option<Box<dyn Unit>> {
        while let Some(unit) = self.units.pop_front() {
            *self.queued(unit.work()) -= 1;
            if !unit.try_start() {
                continue;
            }
            if unit.waited() <= self.wait {
                return Some(unit);
            }
            // The maximum time has passed, but the caller still waits: the unit started in time and was queued again.
            unit.refuse(waited_too_long(self.wait));
        }
        None
    }

    /// Returns whether a batch may start: units wait, and either the gather time has passed or the queue is closed.
    fn may_start_batch(&self) -> bool {
        let Some(first) = self.shared.front() else { return false };
        self.closed || first.waited() >= self.max_gather_time()
    }

    /// Returns the gather time: the time from the submission of the first unit in `shared` until a batch starts.
    fn max_gather_time(&self) -> Duration {
        max_gather_time(self.running_batches, self.shared.len(), self.last_batch)
    }

    /// Returns the remaining time until a batch starts; `None` if `shared` is empty.
    fn gather_time(&self) -> Option<Duration> {
        self.shared.front().map(|first| self.max_gather_time().saturating_sub(first.waited()))
    }

    /// Returns the units of the next batch; `None` if no batch may start.
    fn pop_batch(&mut self) -> Option<Vec<Box<dyn Unit>>> {
        if !self.may_start_batch() {
            return None;
        }
        let mut batch = Vec::new();
        while batch.len() < UNITS_PER_BATCH
            && let Some(unit) = self.shared.pop_front()
        {
            *self.queued(unit.work()) -= 1;
            if unit.try_start() {
                batch.push(unit);
            }
        }
        if batch.is_empty() {
            return None;
        }
        self.running_batches += 1;
        self.last_batch = batch.len();
        Some(batch)
    }

    /// Returns a unit or a batch, whichever has waited longer.
    fn pop_work(&mut self) -> Option<NextWork> {
        let waited = |units: &VecDeque<Box<dyn Unit>>| units.front().map(|unit| unit.waited());
        if waited(&self.units) > waited(&self.shared)
            && let Some(unit) = self.pop()
        {
            return Some(NextWork::One(unit));
        }
        let batch = self.pop_batch().map(NextWork::Batch);
        batch.or_else(|| self.pop().map(NextWork::One))
    }
}

/// Returns the gather time of the next batch: the time from the submission of its first unit until the batch starts.
/// `waiting` is the number of units that wait for the next batch, and `last_batch` is the number of units in the batch
/// that started last.
const fn max_gather_time(running_batches: usize, waiting: usize, last_batch: usize) -> Duration {
    match running_batches {
        0 if last_batch < GATHER_THRESHOLD => Duration::ZERO,
        0 | 1 if waiting >= UNITS_OF_SECOND_BATCH => Duration::ZERO,
        0 => GATHER_TIME,
        1 => SECOND_BATCH_TIME,
        _ => MAX_GATHER_TIME,
    }
}

/// A bounded queue that several threads may serve.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// Notified when the queue is closed. It is separate from `filled`, so that a thread in [`Queue::closed_within`]
    /// receives no wake-up for a new unit.
    closing: Condvar,
    read_limit: usize,
    write_limit: usize,
    wait: Duration,
    pub(super) measurements: Measurements,
}

impl Queue {
    pub(super) fn new(limit: usize, wait: Duration) -> Arc<Self> {
        Self::with_limits(limit, limit, wait)
    }

    /// Creates a queue with separate limits for reads and writes.
    pub(super) fn with_limits(read_limit: usize, write_limit: usize, wait: Duration) -> Arc<Self> {
        let state = Mutex::new(State { wait, ..State::default() });
        let (read_limit, write_limit) = (read_limit.max(1), write_limit.max(1));
        let (filled, closing) = (Condvar::new(), Condvar::new());
        let measurements = Measurements::default();
        Arc::new(Self { state, filled, closing, read_limit, write_limit, wait, measurements })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a unit of work and waits for its result. A queued unit runs even if the caller's future is dropped. If
    /// the unit does not start within the queue's `wait`, it is refused and never runs.
    pub(super) async fn submit<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        work: Work,
        run: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        let (caller, pending) = caller(work);
        self.push(Box::new(Task { caller, run, result: None }))?;
        self.result(pending).await
    }

    /// Like [`Queue::submit`], but the unit begins with `statement` and may share a transaction. If that transaction
    /// fails, the unit runs again in its own transaction.
    pub(super) async fn submit_shared<S: Statement, T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        work: Work,
        statement: S,
        run: impl Fn(&mut Connection, S::Output) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        let (caller, pending) = caller(work);
        self.push(Box::new(SharedTask { caller, statement, response: None, run, result: None }))?;
        self.result(pending).await
    }

    async fn result<T, E: From<DbError>>(&self, pending: Pending<T, E>) -> Result<Written<T>, E> {
        let Pending { started, mut result } = pending;
        let result = match tokio::time::timeout(self.wait, &mut result).await {
            Ok(result) => result,
            Err(_) if !started.swap(true, Ordering::AcqRel) => {
                return Err(waited_too_long(self.wait).into());
            }
            Err(_) => result.await,
        };
        result.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Returns whether the waiting time of a unit is still short enough to queue the unit again.
    pub(super) fn may_wait(&self, unit: &dyn Unit) -> bool {
        unit.waited() <= self.wait
    }

    fn push(&self, unit: Box<dyn Unit>) -> Result<(), DbError> {
        let mut state = self.state();
        if state.closed {
            return Err(closed());
        }
        let limit = if unit.work() == Work::Read { self.read_limit } else { self.write_limit };
        let queued = state.queued(unit.work());
        if *queued >= limit {
            return Err(DbError::Unavailable(format!("the queue is full ({limit} units)")));
        }
        *queued += 1;
        let is_shared = unit.statement().is_some();
        let units = if is_shared { &mut state.shared } else { &mut state.units };
        units.push_back(unit);
        // The first waiting unit wakes an idle thread, which starts a batch when the gather time has passed.
        let can_start = !is_shared || state.may_start_batch() || state.shared.len() == 1;
        drop(state);
        if can_start {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Puts a started unit back at the front of the queue. The unit then gets its own transaction.
    ///
    /// # Errors
    /// Returns the unit if the queue is closed, because the other threads may have ended already.
    pub(super) fn requeue(&self, unit: Box<dyn Unit>) -> Result<(), Box<dyn Unit>> {
        let mut state = self.state();
        if state.closed {
            return Err(unit);
        }
        unit.reset();
        *state.queued(unit.work()) += 1;
        state.units.push_front(unit);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits at most `time` for the queue to close, and returns whether it is closed.
    pub(super) fn closed_within(&self, time: Duration) -> bool {
        let waited = self.closing.wait_timeout_while(self.state(), time, |state| !state.closed);
        waited.map_or_else(|error| error.into_inner().0.closed, |(state, _)| state.closed)
    }

    /// Waits for the next unit. Returns `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Box<dyn Unit>> {
        let unit = self.wait_for(State::pop)?;
        self.record_wait(&*unit);
        Some(unit)
    }

    /// Like [`Queue::next`], but returns units that can share a transaction as a batch.
    pub(super) fn next_work(&self) -> Option<NextWork> {
        let work = self.wait_for(State::pop_work)?;
        match &work {
            NextWork::One(unit) => self.record_wait(&**unit),
            NextWork::Batch(units) => units.iter().for_each(|unit| self.record_wait(&**unit)),
        }
        Some(work)
    }

    fn wait_for<T>(&self, pop: impl Fn(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(popped) = pop(&mut state) {
                // If other units wait, wake another thread. Their wake-up may have reached this thread, or only this
                // thread may have waited for the end of their gather time.
                if state.idle_threads > 0 && !(state.units.is_empty() && state.shared.is_empty()) {
                    self.filled.notify_one();
                }
                return Some(popped);
            }
            if state.closed {
                return None;
            }
            state.idle_threads += 1;
            state = match state.gather_time() {
                Some(time) => {
                    let waited = self.filled.wait_timeout(state, time);
                    waited.map_or_else(|error| error.into_inner().0, |(state, _)| state)
                }
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.idle_threads -= 1;
        }
    }

    /// Records the end of a batch. An idle thread then waits for the rest of the gather time and starts the next batch.
    pub(super) fn end_batch(&self) {
        let mut state = self.state();
        state.running_batches = state.running_batches.saturating_sub(1);
        let units_wait = !state.shared.is_empty();
        drop(state);
        if units_wait {
            self.filled.notify_one();
        }
    }

    fn record_wait(&self, unit: &dyn Unit) {
        self.measurements.record_wait(unit.work() == Work::Read, unit.waited());
    }

    pub(super) fn load(&self) -> QueueLoad {
        let state = self.state();
        QueueLoad { queued: state.units.len() + state.shared.len(), idle_threads: state.idle_threads }
    }

    /// Returns the next unit without waiting.
    pub(super) fn next_now(&self) -> Option<Box<dyn Unit>> {
        let unit = self.state().pop();
        if let Some(unit) = &unit {
            self.record_wait(&**unit);
        }
        unit
    }

    /// Rejects new units. Queued units still run.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
        self.closing.notify_all();
    }
}

/// The caller's side of a submitted unit.
struct Pending<T, E> {
    started: Arc<AtomicBool>,
    result: oneshot::Receiver<Result<Written<T>, E>>,
}

/// Creates both ends of the channel that returns a unit's result to its caller.
fn caller<T, E: From<DbError>>(work: Work) -> (Caller<T, E>, Pending<T, E>) {
    let (reply, result) = oneshot::channel();
    let started = Arc::new(AtomicBool::new(false));
    (Caller::new(work, Arc::clone(&started), reply), Pending { started, result })
}

fn waited_too_long(wait: Duration) -> DbError {
    DbError::Unavailable(format!("no connection became free within {wait:?}"))
}

fn closed() -> DbError {
    DbError::Unavailable("it is closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_wait_for_others_only_under_load() {
        let many = UNITS_OF_SECOND_BATCH;
        let time = |running, waiting, last_batch| max_gather_time(running, waiting, last_batch);
        assert_eq!(time(0, 1, GATHER_THRESHOLD - 1), Duration::ZERO);
        assert_eq!(time(0, many - 1, GATHER_THRESHOLD), GATHER_TIME);
        assert_eq!(time(0, many, GATHER_THRESHOLD), Duration::ZERO);
        // A second batch starts at once only if it is large. A third one never starts at once.
        assert_eq!(time(1, many - 1, 1), SECOND_BATCH_TIME);
        assert_eq!(time(1, many, many), Duration::ZERO);
        assert_eq!(time(2, many, many), MAX_GATHER_TIME);
    }
}
