//! Bounded queues of units of work, served by threads that own connections.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    connection::Connection,
    error::DbError,
    metrics::{Measurements, QueueLoad},
};

/// Sends the result to the caller after the end of the transaction. The argument is the outcome of the transaction.
pub(super) type Reply = Box<dyn FnOnce(Result<(), DbError>) + Send>;

/// A unit of work that was executed but not yet committed.
pub(super) struct Executed {
    pub(super) keep: bool,
    pub(super) reply: Reply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Read,
    Write,
    /// Writes data that processes cache.
    WriteAndInvalidate,
}

pub(super) trait Unit: Send {
    /// Returns `false` if the caller has stopped waiting. After `true`, the caller waits until the unit ends.
    fn try_start(&self) -> bool;
    /// Reverts [`Unit::try_start`], so that the caller may stop waiting.
    fn reset(&self);
    fn work(&self) -> Work;
    /// Returns the time since the unit was queued.
    fn waited(&self) -> Duration;
    fn run(self: Box<Self>, conn: &mut Connection) -> Executed;
    /// Returns an error to the caller without executing the unit.
    fn refuse(self: Box<Self>, error: DbError);
}

struct Task<T, E, F> {
    work: Work,
    queued: Instant,
    run: F,
    started: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Unit for Task<T, E, F>
where
    F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn try_start(&self) -> bool {
        !self.started.swap(true, Ordering::AcqRel)
    }

    fn reset(&self) {
        self.started.store(false, Ordering::Release);
    }

    fn work(&self) -> Work {
        self.work
    }

    fn waited(&self) -> Duration {
        self.queued.elapsed()
    }

    fn run(self: Box<Self>, conn: &mut Connection) -> Executed {
        let Self { run, reply, .. } = *self;
        let result = run_unit(run, conn);
        Executed {
            keep: result.is_ok(),
            reply: Box::new(move |outcome| {
                // Sending fails only if the caller was dropped. In this case nobody needs the result.
                let _ = reply.send(match outcome {
                    Ok(()) => result,
                    Err(error) => Err(error.into()),
                });
            }),
        }
    }

    fn refuse(self: Box<Self>, error: DbError) {
        let _ = self.reply.send(Err(error.into()));
    }
}

/// Runs a closure and turns a panic into an error, because the thread and its connection must serve the next units.
pub(super) fn run_unit<T, E: From<DbError>>(
    run: impl FnOnce(&mut Connection) -> Result<T, E>,
    conn: &mut Connection,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(|| run(conn)))
        .unwrap_or_else(|_| Err(DbError::Database("a unit of work panicked".to_owned()).into()))
}

struct State {
    units: VecDeque<Box<dyn Unit>>,
    /// Number of threads that wait for a unit.
    idle_threads: usize,
    reads: usize,
    writes: usize,
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
            if unit.try_start() {
                return Some(unit);
            }
        }
        None
    }
}

/// A bounded queue that several threads may serve.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// This is separate from `filled`, so that a thread in [`Queue::closed_within`] receives no wake-up for a new unit.
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
        let state = Mutex::new(State { units: VecDeque::new(), idle_threads: 0, reads: 0, writes: 0, closed: false });
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
        run: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, mut result) = oneshot::channel();
        let started = Arc::new(AtomicBool::new(false));
        self.push(Box::new(Task { work, queued: Instant::now(), run, started: Arc::clone(&started), reply }))
            .map_err(E::from)?;
        let result = match tokio::time::timeout(self.wait, &mut result).await {
            Ok(result) => result,
            Err(_) if !started.swap(true, Ordering::AcqRel) => {
                return Err(DbError::Unavailable(format!("no connection became free within {:?}", self.wait)).into());
            }
            Err(_) => result.await,
        };
        result.unwrap_or_else(|_| Err(closed().into()))
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
        state.units.push_back(unit);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Puts a unit that was taken but not executed back at the front.
    pub(super) fn requeue(&self, unit: Box<dyn Unit>) {
        unit.reset();
        let mut state = self.state();
        // The other workers may have ended already.
        if state.closed {
            drop(state);
            return unit.refuse(closed());
        }
        *state.queued(unit.work()) += 1;
        state.units.push_front(unit);
        drop(state);
        self.filled.notify_one();
    }

    /// Waits at most `time` for the queue to close, and returns whether it is closed.
    pub(super) fn closed_within(&self, time: Duration) -> bool {
        let waited = self.closing.wait_timeout_while(self.state(), time, |state| !state.closed);
        waited.map_or_else(|error| error.into_inner().0.closed, |(state, _)| state.closed)
    }

    /// Waits for the next unit. Returns `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Box<dyn Unit>> {
        let mut state = self.state();
        loop {
            if let Some(unit) = state.pop() {
                drop(state);
                self.measurements.record_wait(unit.work() == Work::Read, unit.waited());
                return Some(unit);
            }
            if state.closed {
                return None;
            }
            state.idle_threads += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle_threads -= 1;
        }
    }

    pub(super) fn load(&self) -> QueueLoad {
        let state = self.state();
        QueueLoad { queued: state.units.len(), idle_threads: state.idle_threads }
    }

    /// Returns the next unit without waiting.
    pub(super) fn next_now(&self) -> Option<Box<dyn Unit>> {
        let unit = self.state().pop();
        if let Some(unit) = &unit {
            self.measurements.record_wait(unit.work() == Work::Read, unit.waited());
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

fn closed() -> DbError {
    DbError::Unavailable("it is closed".to_owned())
}
