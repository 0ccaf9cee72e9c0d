//! A worker thread and its connection. The worker opens a new connection after a failure.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    super::{
        change_counter::ChangeCounter,
        connection::{COUNTER_SHARDS, Connection},
        error::{DbError, set_runs_postgres, take_transaction_error},
        queue::{NextWork, Queue},
        unit::{Unit, Work},
    },
    connect::{FIRST_BACKOFF, MAX_BACKOFF, Target, connect_with_deadline},
    listen::CHANNEL,
    lock_state::{LockState, Period},
    pipeline::{self, Begun, CommitError},
    session_state::SessionState,
};

/// Begins a transaction that writes. The isolation level and READ WRITE are set explicitly, so that defaults of the
/// role or database do not apply. Finalize requests need the row locks and fresh reads of READ COMMITTED. Because of
/// READ WRITE, a standby server rejects the transaction at once.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Begins a shared transaction. If a lock is not granted in time, each unit gets its own transaction, so that no unit
/// waits for a lock that only another unit needs. The timeout is shorter than PostgreSQL's `deadlock_timeout` (1 s).
const BEGIN_SHARED_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '500ms'";
/// Duration above which a failed attempt to connect is not repeated for the same units. The worker then refuses these
/// units.
const MAX_ATTEMPT: Duration = Duration::from_secs(2);

/// State that all workers of a database share.
pub(super) struct Shared {
    pub(super) target: Arc<Target>,
    pub(super) change_counter: Arc<ChangeCounter>,
    pub(super) queue: Arc<Queue>,
    pub(super) lock: Arc<LockState>,
    /// Number of workers that have a connection or are connecting.
    pub(super) connected: Arc<AtomicUsize>,
}

pub(super) struct Worker {
    shared: Shared,
    /// Number of the counter shard to which the worker's connection adds.
    shard: i16,
    conn: Option<Connection>,
    /// `true` if this worker is counted in `connected`.
    counted: bool,
    /// The last attempt to connect, if it failed.
    failed: Option<FailedAttempt>,
    backoff: Duration,
    /// The period of the process lock in which this worker last began to execute units.
    period: Option<Period>,
}

/// A failed attempt to connect.
struct FailedAttempt {
    error: DbError,
    /// Time of the first of several consecutive failed attempts.
    since: Instant,
    next_attempt: Instant,
    period: Option<Period>,
}

impl Worker {
    /// Creates a worker. Workers of the same process and of different processes use different shards if possible.
    pub(super) fn new(shared: Shared, number: usize) -> Self {
        let number = u32::try_from(number).unwrap_or(0).wrapping_add(std::process::id());
        let shard = i16::try_from(number % u32::from(COUNTER_SHARDS)).unwrap_or(0);
        Self { shared, shard, conn: None, counted: false, failed: None, backoff: FIRST_BACKOFF, period: None }
    }

    /// Serves the queue until it is closed and empty. After a panic, continues with a new connection.
    pub(super) fn run(mut self) {
        set_runs_postgres();
        while catch_unwind(AssertUnwindSafe(|| self.serve())).is_err() {
            self.conn = None;
            self.set_counted(false);
        }
    }

    fn serve(&mut self) {
        while self.reconnect() {
            match self.shared.queue.next_work() {
                None => return,
                Some(NextWork::One(unit)) => self.execute(vec![unit]),
                Some(NextWork::Batch(units)) => {
                    let _running = RunningBatch(Arc::clone(&self.shared.queue));
                    self.execute(units);
                }
            }
        }
    }

    /// Tries to connect while this worker is disconnected and another worker is connected. During this time the worker
    /// takes no unit, because it could only refuse the unit. Refusing is faster than executing, so a disconnected
    /// worker would refuse most units that the connected workers could execute. Returns `false` if the queue is closed;
    /// the other workers then execute the remaining units.
    fn reconnect(&mut self) -> bool {
        while let Some(failed) = &self.failed
            && self.shared.connected.load(Ordering::SeqCst) > 0
        {
            let remaining = failed.next_attempt.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                self.conn = self.connect().ok();
            } else if self.shared.queue.closed_within(remaining) {
                return false;
            }
        }
        true
    }

    /// Executes one unit, or several that share a transaction.
    fn execute(&mut self, mut units: Vec<Box<dyn Unit>>) {
        let period = match self.shared.lock.wait() {
            Ok(period) => period,
            Err(error) => return refuse(units, &error),
        };
        self.period = Some(period);
        units.sort_by(|one, other| one.order().cmp(other.order()));
        let _ = take_transaction_error();
        let start = Instant::now();
        match self.begin(&mut units) {
            Ok((conn, begun)) => self.run_units(conn, begun, units, period),
            // The units did not run, so they can wait for another attempt.
            Err(error) if start.elapsed() < MAX_ATTEMPT && self.wait_for_attempt() => {
                let refused = units.into_iter().filter_map(|unit| self.shared.queue.requeue(unit).err());
                refuse(refused, &error);
            }
            Err(error) => refuse(units, &error),
        }
    }

    /// Returns whether the units may be queued again. If no worker is connected, first waits until the time of the next
    /// attempt to connect. Returns `false` if the server has been unavailable for too long or the queue is closed.
    fn wait_for_attempt(&self) -> bool {
        if self.shared.connected.load(Ordering::SeqCst) > 0 {
            return true;
        }
        let Some(failed) = &self.failed else { return false };
        let remaining = failed.next_attempt.saturating_duration_since(Instant::now());
        failed.since.elapsed() < self.shared.lock.grace() && !self.shared.queue.closed_within(remaining)
    }

    /// Runs the rest of each unit after its statement, and ends the transaction.
    fn run_units(&mut self, mut conn: Connection, begun: Begun, mut units: Vec<Box<dyn Unit>>, period: Period) {
        let is_alone = units.len() == 1;
        if begun == Begun::Failed {
            // Run a single unit, so that it returns the error of its statement.
            if let [unit] = &mut *units {
                unit.run(&mut conn);
            }
            let rolled_back = conn.roll_back();
            return self.end_uncommitted(conn, units, is_alone, rolled_back, None);
        }
        let mut units = finish_statements(units, &mut conn);
        if units.is_empty() {
            let ended = if begun == Begun::Ended { Ok(()) } else { conn.run("COMMIT") };
            return self.keep(conn, ended.is_ok());
        }
        if !units.iter_mut().all(|unit| unit.run(&mut conn)) {
            let rolled_back = conn.roll_back();
            return self.end_uncommitted(conn, units, is_alone, rolled_back, None);
        }
        let outcome = match self.commit(&mut conn, &units, period) {
            Ok(()) => Ok(()),
            Err(CommitError { error, sent }) => {
                // The rollback fails if the connection is lost. A client-side deadline that expires also closes the
                // connection.
                let rolled_back = conn.roll_back();
                if rolled_back.is_ok() || !sent || !is_write(&units) {
                    return self.end_uncommitted(conn, units, is_alone, rolled_back, Some(error));
                }
                Err(DbError::CommitUnknown(error.to_string()))
            }
        };
        self.keep(conn, outcome.is_ok());
        // The counter also changes after an unknown outcome, because the data may have changed.
        if invalidates(&units) {
            self.shared.change_counter.increment();
        }
        units.into_iter().for_each(|unit| unit.finish(outcome.clone()));
    }

    /// Handles units whose transaction was certainly not committed. Units that shared the transaction run again, each
    /// in its own transaction. A single unit runs again if a retry may succeed; otherwise its caller gets the error. If
    /// `rolled_back` is an error, the connection was lost.
    fn end_uncommitted(
        &mut self,
        conn: Connection,
        mut units: Vec<Box<dyn Unit>>,
        is_alone: bool,
        rolled_back: Result<(), DbError>,
        error: Option<DbError>,
    ) {
        let may_succeed = take_transaction_error() || rolled_back.is_err();
        self.keep(conn, rolled_back.is_ok());
        // A unit that has waited for too long does not run again: the queue would refuse it with an error that does not
        // name the cause.
        let retries = |unit: &mut Box<dyn Unit>| self.shared.queue.may_wait(&**unit) && unit.take_retry();
        if !is_alone || (may_succeed && units.iter_mut().all(retries)) {
            return self.run_each(units);
        }
        // If the connection was lost, the caller gets the error of the rollback, because the unit's own error may not
        // show the loss.
        let outcome = error.map_or(rolled_back, Err);
        units.into_iter().for_each(|unit| unit.finish(outcome.clone()));
    }

    /// Executes each unit in its own transaction, because the transaction of these units failed. Queues the units, so
    /// that other workers take some of them. A unit that waits for a lock then does not delay the others.
    fn run_each(&mut self, units: Vec<Box<dyn Unit>>) {
        for unit in units {
            if let Err(unit) = self.shared.queue.requeue(unit) {
                self.execute(vec![unit]);
            }
        }
    }

    /// Keeps a connection for the next transaction if it is usable.
    fn keep(&mut self, conn: Connection, usable: bool) {
        self.set_counted(usable);
        self.conn = usable.then_some(conn);
    }

    fn commit(&self, conn: &mut Connection, units: &[Box<dyn Unit>], period: Period) -> Result<(), CommitError> {
        let start = Instant::now();
        if !is_write(units) {
            return Ok(conn.run("COMMIT")?);
        }
        self.shared.lock.check(period)?;
        commit(conn, invalidates(units) && self.shared.change_counter.notifies())?;
        self.shared.queue.measurements.record_commit(start.elapsed());
        Ok(())
    }

    /// Begins a transaction, sends the statements of the units, and returns the connection. If the idle connection is
    /// broken, opens a new connection.
    fn begin(&mut self, units: &mut [Box<dyn Unit>]) -> Result<(Connection, Begun), DbError> {
        let begin = match (is_write(units), units.len()) {
            (false, _) => BEGIN_READ,
            (true, 1) => BEGIN_WRITE,
            (true, _) => BEGIN_SHARED_WRITE,
        };
        let begin = self.shared.target.begin(begin);
        let limit = self.shared.target.begin_timeout();
        let ends = units.iter().all(|unit| is_statement(&**unit));
        if let Some(mut conn) = self.conn.take()
            && let Ok(begun) = pipeline::begin(&mut conn, &begin, limit, units, ends)
        {
            return Ok((conn, begun));
        }
        self.set_counted(false);
        // A new period means that the listening session is connected again, so the server is available.
        if let Some(failed) = &self.failed
            && failed.period == self.period
            && Instant::now() < failed.next_attempt
        {
            return Err(failed.error.clone());
        }
        let mut conn = self.connect()?;
        match pipeline::begin(&mut conn, &begin, limit, units, ends) {
            Ok(begun) => Ok((conn, begun)),
            // A server that rejects the transaction, such as a standby, is treated as unreachable.
            Err(error) => Err(self.back_off(DbError::Unavailable(error.to_string()))),
        }
    }

    fn connect(&mut self) -> Result<Connection, DbError> {
        self.set_counted(true);
        match connect_with_deadline(&self.shared.target) {
            Ok(conn) => {
                self.failed = None;
                self.backoff = FIRST_BACKOFF;
                let state = SessionState::new(self.shard, self.shared.target.caches_statements());
                Ok(Connection::Postgres(conn, state))
            }
            Err(error) => Err(self.back_off(error)),
        }
    }

    /// Schedules the next connection attempt and returns the error.
    fn back_off(&mut self, error: DbError) -> DbError {
        tracing::warn!(%error, "cannot connect to PostgreSQL");
        self.set_counted(false);
        let now = Instant::now();
        let since = self.failed.take().map_or(now, |failed| failed.since);
        let next_attempt = now + self.backoff;
        self.failed = Some(FailedAttempt { error: error.clone(), since, next_attempt, period: self.period });
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
        error
    }

    fn set_counted(&mut self, connected: bool) {
        if connected && !self.counted {
            self.shared.connected.fetch_add(1, Ordering::SeqCst);
        } else if !connected && self.counted {
            self.shared.connected.fetch_sub(1, Ordering::SeqCst);
        }
        self.counted = connected;
    }
}

/// Calls [`Queue::end_batch`] when it is dropped, even after a panic.
struct RunningBatch(Arc<Queue>);

impl Drop for RunningBatch {
    fn drop(&mut self) {
        self.0.end_batch();
    }
}

/// Returns whether a unit consists only of a statement that reads.
fn is_statement(unit: &dyn Unit) -> bool {
    unit.statement().is_some() && unit.work() == Work::Read
}

/// Finishes the units that consist only of a statement that reads. Returns the other units.
fn finish_statements(units: Vec<Box<dyn Unit>>, conn: &mut Connection) -> Vec<Box<dyn Unit>> {
    let (statements, others): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| is_statement(&**unit));
    for mut unit in statements {
        unit.run(conn);
        unit.finish(Ok(()));
    }
    others
}

fn refuse(units: impl IntoIterator<Item = Box<dyn Unit>>, error: &DbError) {
    units.into_iter().for_each(|unit| unit.refuse(error.clone()));
}

fn invalidates(units: &[Box<dyn Unit>]) -> bool {
    units.iter().any(|unit| unit.work() == Work::WriteAndInvalidate)
}

fn is_write(units: &[Box<dyn Unit>]) -> bool {
    units.iter().any(|unit| unit.work() != Work::Read)
}

/// Commits in one round trip. If a unit ignored a failed statement, COMMIT alone would roll back and still report
/// success. Therefore another statement precedes COMMIT, and it fails in this case.
fn commit(conn: &mut Connection, notifies: bool) -> Result<(), CommitError> {
    if notifies {
        pipeline::commit(conn, &format!("SELECT pg_notify('{CHANNEL}', ''); COMMIT"))
    } else {
        pipeline::commit(conn, "SELECT 1; COMMIT")
    }
}
