//! Units of work: closures that the threads of a database execute, and repeat if a transaction was not committed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    connection::Connection,
    error::DbError,
    statement::{AnyOutput, AnyStatement, Statement},
    written::Written,
};

/// Maximum number of retries of a unit in its own transaction.
const MAX_RETRIES: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Read,
    Write,
    /// Writes data that processes cache.
    WriteAndInvalidate,
}

pub(super) trait Unit: Send {
    /// Marks the unit as started, so that the caller waits until the unit ends. Returns `false` if the caller has
    /// already stopped waiting.
    fn try_start(&self) -> bool;
    /// Reverts [`Unit::try_start`], so that the caller may stop waiting.
    fn reset(&self);
    /// Returns whether a unit whose own transaction was not committed may be retried, and counts the retry.
    fn take_retry(&mut self) -> bool;
    fn work(&self) -> Work;
    /// Returns the time since the unit was queued.
    fn waited(&self) -> Duration;
    /// Returns the key by which a shared transaction orders the unit's statement; see [`Statement::order`].
    fn order(&self) -> &str {
        ""
    }
    /// Returns the statement with which the unit begins. On PostgreSQL, a unit without a statement gets its own
    /// transaction.
    fn statement(&self) -> Option<&dyn AnyStatement> {
        None
    }
    /// Keeps the response to the statement for [`Unit::run`].
    fn set_response(&mut self, _response: Result<AnyOutput, DbError>) {}
    /// Executes the unit and keeps the result. Returns whether the transaction may be committed.
    fn run(&mut self, conn: &mut Connection) -> bool;
    /// Sends the result to the caller after the end of the transaction. `outcome` is the outcome of the transaction.
    fn finish(self: Box<Self>, outcome: Result<(), DbError>);
    /// Returns an error to the caller without executing the unit.
    fn refuse(self: Box<Self>, error: DbError);
}

/// The part of a unit that sends the result to the waiting caller.
pub(super) struct Caller<T, E> {
    work: Work,
    queued: Instant,
    /// Number of retries that remain.
    retries: u8,
    started: Arc<AtomicBool>,
    reply: Reply<T, E>,
}

pub(super) type Reply<T, E> = oneshot::Sender<Result<Written<T>, E>>;

impl<T, E: From<DbError>> Caller<T, E> {
    pub(super) fn new(work: Work, started: Arc<AtomicBool>, reply: Reply<T, E>) -> Self {
        Self { work, queued: Instant::now(), retries: MAX_RETRIES, started, reply }
    }

    fn take_retry(&mut self) -> bool {
        let remaining = self.retries.checked_sub(1);
        self.retries = remaining.unwrap_or(0);
        remaining.is_some()
    }

    fn finish(self, result: Option<Result<T, E>>, outcome: Result<(), DbError>) {
        let result = match (outcome, result) {
            (Ok(()), Some(result)) => result.map(Written::Committed),
            (Ok(()), None) => Err(DbError::Database("a unit of work did not run".to_owned()).into()),
            (Err(error @ DbError::CommitUnknown(_)), Some(Ok(value))) => Ok(Written::Unknown(value, error)),
            (Err(error), _) => Err(error.into()),
        };
        // Sending fails only if the caller was dropped. In this case nobody needs the result.
        let _ = self.reply.send(result);
    }
}

macro_rules! caller_methods {
    () => {
        fn try_start(&self) -> bool {
            !self.caller.started.swap(true, Ordering::AcqRel)
        }

        fn reset(&self) {
            self.caller.started.store(false, Ordering::Release);
        }

        fn take_retry(&mut self) -> bool {
            self.caller.take_retry()
        }

        fn work(&self) -> Work {
            self.caller.work
        }

        fn waited(&self) -> Duration {
            self.caller.queued.elapsed()
        }

        fn finish(self: Box<Self>, outcome: Result<(), DbError>) {
            self.caller.finish(self.result, outcome);
        }

        fn refuse(self: Box<Self>, error: DbError) {
            self.caller.finish(None, Err(error));
        }
    };
}

/// A unit without a [`Statement`]. On PostgreSQL, it gets its own transaction.
pub(super) struct Task<T, E, F> {
    pub(super) caller: Caller<T, E>,
    pub(super) run: F,
    pub(super) result: Option<Result<T, E>>,
}

impl<T, E, F> Unit for Task<T, E, F>
where
    F: Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    caller_methods!();

    fn run(&mut self, conn: &mut Connection) -> bool {
        self.result.insert(run_unit(&self.run, conn)).is_ok()
    }
}

/// A unit that begins with a [`Statement`]. On PostgreSQL, it can share a transaction with other units.
pub(super) struct SharedTask<S: Statement, T, E, F> {
    pub(super) caller: Caller<T, E>,
    pub(super) statement: S,
    pub(super) response: Option<Result<S::Output, DbError>>,
    /// The rest of the unit, which runs after the statement.
    pub(super) run: F,
    pub(super) result: Option<Result<T, E>>,
}

impl<S, T, E, F> Unit for SharedTask<S, T, E, F>
where
    S: Statement,
    F: Fn(&mut Connection, S::Output) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    caller_methods!();

    fn order(&self) -> &str {
        self.statement.order()
    }

    fn statement(&self) -> Option<&dyn AnyStatement> {
        Some(&self.statement)
    }

    fn set_response(&mut self, response: Result<AnyOutput, DbError>) {
        let wrong_type = |_: AnyOutput| DbError::Database("the response to a statement has another type".to_owned());
        self.response = Some(response.and_then(|output| output.downcast().map(|output| *output).map_err(wrong_type)));
    }

    fn run(&mut self, conn: &mut Connection) -> bool {
        let unsent = || Err(DbError::Database("the statement of a unit was not sent".to_owned()));
        let response = self.response.take().unwrap_or_else(unsent);
        let run = &self.run;
        let result = self.result.insert(run_unit(|conn| run(conn, response?), conn));
        result.is_ok()
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
