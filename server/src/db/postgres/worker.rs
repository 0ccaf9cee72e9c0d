//! A worker thread and its connection. It opens a new connection after a failure.

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
        connection::Connection,
        error::{DbError, set_runs_postgres},
        queue::{Queue, Unit, Work},
    },
    connect::{FIRST_BACKOFF, MAX_BACKOFF, Target, connect_with_deadline},
    listen::CHANNEL,
    lock_state::LockState,
    runtime::within,
};

/// Both modes are set explicitly, so that defaults of the role or database do not apply. Finalize requests need the row
/// locks and fresh reads of READ COMMITTED. Because of READ WRITE, a standby server rejects the transaction at once.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What the workers of a database share.
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
    conn: Option<Connection>,
    /// Whether `connected` includes this worker.
    counted: bool,
    /// The time of the next connection attempt and the last error; `None` unless the last attempt failed.
    disconnected: Option<(Instant, DbError)>,
    backoff: Duration,
}

impl Worker {
    pub(super) const fn new(shared: Shared) -> Self {
        Self { shared, conn: None, counted: false, disconnected: None, backoff: FIRST_BACKOFF }
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
            let Some(unit) = self.shared.queue.next() else { return };
            self.execute(unit);
        }
    }

    /// Tries to connect while this worker is disconnected and another one is connected. During this time it takes no
    /// unit, because it can only refuse units. Refusing is faster than executing, so it would take most units away from
    /// the connected workers. Returns `false` if the queue is closed; the other workers then execute the remaining
    /// units.
    fn reconnect(&mut self) -> bool {
        while let Some((next_attempt, _)) = &self.disconnected
            && self.shared.connected.load(Ordering::SeqCst) > 0
        {
            let remaining = next_attempt.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                self.conn = self.connect().ok();
            } else if self.shared.queue.closed_within(remaining) {
                return false;
            }
        }
        true
    }

    fn execute(&mut self, unit: Box<dyn Unit>) {
        let period = match self.shared.lock.wait() {
            Ok(period) => period,
            Err(error) => return unit.refuse(error),
        };
        let begin = if unit.work() == Work::Read { BEGIN_READ } else { BEGIN_WRITE };
        let start = Instant::now();
        let mut conn = match self.begin(begin) {
            Ok(conn) => conn,
            // The unit did not run, so a connected worker can execute it, unless this attempt took too long.
            Err(_) if self.shared.connected.load(Ordering::SeqCst) > 0 && start.elapsed() < MAX_BACKOFF => {
                return self.shared.queue.requeue(unit);
            }
            Err(error) => return unit.refuse(error),
        };
        let (writes, invalidates) = (unit.work() != Work::Read, unit.work() == Work::WriteAndInvalidate);
        let executed = unit.run(&mut conn);
        let committed = executed.keep.then(|| {
            if writes {
                self.shared.lock.check(period)?;
            }
            let start = Instant::now();
            commit(&mut conn, invalidates && self.shared.change_counter.notifies())?;
            if writes {
                self.shared.queue.measurements.record_commit(start.elapsed());
            }
            Ok(())
        });
        // The client-side deadline also closes the connection, so that no later statement can use it.
        let rolled_back = match committed {
            Some(Ok(())) => Ok(()),
            _ => conn.run("ROLLBACK"),
        };
        let usable = rolled_back.is_ok();
        // If a failed unit cannot be rolled back, its connection was lost. Its caller then gets the error of the
        // rollback, because the unit's own error may be of any kind.
        let outcome = committed.unwrap_or(rolled_back);
        self.set_counted(usable);
        self.conn = usable.then_some(conn);
        if invalidates && executed.keep && outcome.is_ok() {
            self.shared.change_counter.increment();
        }
        (executed.reply)(outcome);
    }

    /// Returns a connection in a new transaction. If the idle connection is broken, opens another one.
    fn begin(&mut self, begin: &str) -> Result<Connection, DbError> {
        let begin = self.shared.target.begin(begin);
        if let Some(mut conn) = self.conn.take()
            && within(self.shared.target.begin_timeout(), || conn.run(&begin)).is_ok()
        {
            return Ok(conn);
        }
        self.set_counted(false);
        if let Some((next_attempt, error)) = &self.disconnected
            && Instant::now() < *next_attempt
        {
            return Err(error.clone());
        }
        let mut conn = self.connect()?;
        match within(self.shared.target.begin_timeout(), || conn.run(&begin)) {
            Ok(()) => Ok(conn),
            // A server that rejects the transaction, such as a standby, is treated as unreachable.
            Err(error) => Err(self.back_off(DbError::Unavailable(error.to_string()))),
        }
    }

    fn connect(&mut self) -> Result<Connection, DbError> {
        self.set_counted(true);
        match connect_with_deadline(&self.shared.target) {
            Ok(conn) => {
                self.disconnected = None;
                self.backoff = FIRST_BACKOFF;
                Ok(Connection::Postgres(conn))
            }
            Err(error) => Err(self.back_off(error)),
        }
    }

    /// Schedules the next connection attempt and returns the error.
    fn back_off(&mut self, error: DbError) -> DbError {
        tracing::warn!(%error, "cannot connect to PostgreSQL");
        self.set_counted(false);
        self.disconnected = Some((Instant::now() + self.backoff, error.clone()));
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

/// Commits in one round trip. If the unit ignored a failed statement, COMMIT alone rolls back and still reports
/// success. Therefore another statement precedes COMMIT, and it fails in this case.
fn commit(conn: &mut Connection, notifies: bool) -> Result<(), DbError> {
    if notifies {
        conn.run(&format!("SELECT pg_notify('{CHANNEL}', ''); COMMIT"))
    } else {
        conn.run("SELECT 1; COMMIT")
    }
}
