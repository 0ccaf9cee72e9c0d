//! Units of work on their way to a connection: bounded queues, served by threads.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{connection::Connection, error::DbError};

/// What remains to be said to whoever waits, once the transaction's fate is known.
pub(super) type Reply = Box<dyn FnOnce(Result<(), DbError>) + Send>;

/// A unit of work that ran, but was not committed.
pub(super) struct Ran {
    /// Whether its changes are to be kept.
    pub(super) keep: bool,
    /// Answers; with an error when the commit failed.
    pub(super) reply: Reply,
}

/// What a unit of work does to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing.
    Read,
    /// Changes rows.
    Write,
    /// Changes rows that other processes keep in memory.
    WriteAndInvalidate,
}

/// A unit of work.
pub(super) trait Unit: Send {
    /// Whether it is still wanted: its caller may have given up waiting. After `true`, the caller waits to the end.
    fn claim(&self) -> bool;
    /// Takes a claim back: its caller may give up waiting again.
    fn release(&self);
    /// What it does.
    fn work(&self) -> Work;
    /// Does it.
    fn run(self: Box<Self>, conn: &mut Connection) -> Ran;
    /// Answers without having done it.
    fn refuse(self: Box<Self>, error: DbError);
}

struct Task<T, E, F> {
    work: Work,
    run: F,
    claimed: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Unit for Task<T, E, F>
where
    F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
    }

    fn release(&self) {
        self.claimed.store(false, Ordering::Release);
    }

    fn work(&self) -> Work {
        self.work
    }

    fn run(self: Box<Self>, conn: &mut Connection) -> Ran {
        let Self { run, reply, .. } = *self;
        // A panic must not take the connection's thread with it: everybody else's work goes over it, too.
        let result = catch_unwind(AssertUnwindSafe(|| run(conn)))
            .unwrap_or_else(|_| Err(DbError::Database("a unit of work panicked".to_owned()).into()));
        Ran {
            keep: result.is_ok(),
            reply: Box::new(move |fate| {
                // A failed send: the caller went away, which changes nothing.
                let _ = reply.send(match fate {
                    Ok(()) => result,
                    Err(error) => result.and(Err(error.into())),
                });
            }),
        }
    }

    fn refuse(self: Box<Self>, error: DbError) {
        let _ = self.reply.send(Err(error.into()));
    }
}

struct State {
    units: VecDeque<Box<dyn Unit>>,
    closed: bool,
}

/// A bounded queue that several threads may serve.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// Of its own: who waits for the end must not take a wake-up from who waits for work.
    closing: Condvar,
    limit: usize,
    wait: Duration,
}

impl Queue {
    pub(super) fn new(limit: usize, wait: Duration) -> Arc<Self> {
        let state = Mutex::new(State { units: VecDeque::new(), closed: false });
        Arc::new(Self { state, filled: Condvar::new(), closing: Condvar::new(), limit: limit.max(1), wait })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a unit of work and waits for its answer. Once queued it runs, even when nobody waits any more;
    /// unless its turn has not come within the queue's `wait`: then it is refused and never runs.
    pub(super) async fn submit<T, E, F>(&self, work: Work, run: F) -> Result<T, E>
    where
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        self.push(Box::new(Task { work, run, claimed: Arc::clone(&claimed), reply })).map_err(E::from)?;
        let answer = match tokio::time::timeout(self.wait, &mut answer).await {
            Ok(answer) => answer,
            Err(_) if !claimed.swap(true, Ordering::AcqRel) => {
                return Err(DbError::Unavailable("no connection became free in time".to_owned()).into());
            }
            Err(_) => answer.await,
        };
        answer.unwrap_or_else(|_| Err(DbError::Unavailable("the store is closed".to_owned()).into()))
    }

    fn push(&self, unit: Box<dyn Unit>) -> Result<(), DbError> {
        let mut state = self.state();
        if state.closed {
            return Err(DbError::Unavailable("the store is closed".to_owned()));
        }
        if state.units.len() >= self.limit {
            return Err(DbError::Unavailable("too much work is waiting".to_owned()));
        }
        state.units.push_back(unit);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Puts a unit back whose turn it was and that was not begun; it is next again.
    pub(super) fn give_back(&self, unit: Box<dyn Unit>) {
        unit.release();
        self.state().units.push_front(unit);
        self.filled.notify_one();
    }

    /// Waits this long, or until the queue is closed; answers whether it is.
    pub(super) fn closed_within(&self, time: Duration) -> bool {
        let waited = self.closing.wait_timeout_while(self.state(), time, |state| !state.closed);
        waited.map_or_else(|error| error.into_inner().0.closed, |(state, _)| state.closed)
    }

    /// The next unit, waiting for one; `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Box<dyn Unit>> {
        let mut state = self.state();
        loop {
            while let Some(unit) = state.units.pop_front() {
                if unit.claim() {
                    return Some(unit);
                }
            }
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next unit, if one is there.
    pub(super) fn next_now(&self) -> Option<Box<dyn Unit>> {
        let mut state = self.state();
        while let Some(unit) = state.units.pop_front() {
            if unit.claim() {
                return Some(unit);
            }
        }
        None
    }

    /// Takes no more; what is queued is still done.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
        self.closing.notify_all();
    }
}
