//! One thread and its connection: kept while it works, made anew when it broke.

use std::{
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
        error::DbError,
        queue::{Queue, Unit, Work},
    },
    CHANNEL, FIRST_BACK_OFF, LONGEST_BACK_OFF, Target, connect,
};

/// Whoever may set defaults for the role or the database does not decide this: a finalize counts on the row locks and
/// fresh reads of READ COMMITTED, and on a standby this fails before anything was done.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) struct Worker {
    target: Arc<Target>,
    change_counter: Arc<ChangeCounter>,
    queue: Arc<Queue>,
    /// How many of the pool's threads have a connection, or are about to.
    connected: Arc<AtomicUsize>,
    conn: Option<Connection>,
    /// Whether this thread is counted among the connected ones.
    counted: bool,
    /// While this thread cannot connect: until when it does not try again, and why it could not.
    away: Option<(Instant, DbError)>,
    back_off: Duration,
}

impl Worker {
    pub(super) fn new(
        target: Arc<Target>,
        change_counter: Arc<ChangeCounter>,
        queue: Arc<Queue>,
        connected: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            target,
            change_counter,
            queue,
            connected,
            conn: None,
            counted: false,
            away: None,
            back_off: FIRST_BACK_OFF,
        }
    }

    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            self.rest();
            let Some(unit) = self.queue.next() else { return };
            self.serve(unit);
        }
    }

    /// Leaves the work to the threads that are connected, while this one cannot be: refusing is faster than serving,
    /// and would take the work away from them. Where nobody is connected, refusing at once is right.
    fn rest(&mut self) {
        while let Some((until, _)) = &self.away
            && self.connected.load(Ordering::SeqCst) > 0
        {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                if self.queue.closed_within(left) {
                    return;
                }
                continue;
            }
            self.conn = self.connect().ok();
        }
    }

    fn serve(&mut self, unit: Box<dyn Unit>) {
        let begin = if unit.work() == Work::Read { BEGIN_READ } else { BEGIN_WRITE };
        let began = Instant::now();
        let mut conn = match self.begin(begin) {
            Ok(conn) => conn,
            // Nothing was done yet: whoever has a connection may do it, unless much time was lost already.
            Err(_) if self.connected.load(Ordering::SeqCst) > 0 && began.elapsed() < LONGEST_BACK_OFF => {
                return self.queue.give_back(unit);
            }
            Err(error) => return unit.refuse(error),
        };
        let announces = unit.work() == Work::WriteAndInvalidate;
        let ran = unit.run(&mut conn);
        let fate = if ran.keep { commit(&mut conn, announces) } else { Ok(()) };
        let mut usable = fate.is_ok();
        if !ran.keep || !usable {
            usable = conn.run("ROLLBACK").is_ok();
        }
        self.count(usable);
        self.conn = usable.then_some(conn);
        if ran.keep && announces && fate.is_ok() {
            self.change_counter.increment();
        }
        (ran.reply)(fate);
    }

    /// A connection inside a transaction. One that broke while idle is replaced at once: nothing was lost with it.
    fn begin(&mut self, begin: &str) -> Result<Connection, DbError> {
        if let Some(mut conn) = self.conn.take()
            && conn.run(begin).is_ok()
        {
            return Ok(conn);
        }
        self.count(false);
        if let Some((until, error)) = &self.away
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        let mut conn = self.connect()?;
        match conn.run(begin) {
            Ok(()) => Ok(conn),
            // A server that takes no transaction, as a standby takes none that writes, is as good as none.
            Err(error) => Err(self.stay_away(DbError::Unavailable(error.to_string()))),
        }
    }

    fn connect(&mut self) -> Result<Connection, DbError> {
        self.count(true);
        match connect(&self.target) {
            Ok(conn) => {
                self.away = None;
                self.back_off = FIRST_BACK_OFF;
                Ok(Connection::Postgres(conn))
            }
            Err(error) => Err(self.stay_away(error)),
        }
    }

    fn stay_away(&mut self, error: DbError) -> DbError {
        tracing::warn!(%error, "PostgreSQL cannot be reached");
        self.count(false);
        self.away = Some((Instant::now() + self.back_off, error.clone()));
        self.back_off = (self.back_off * 2).min(LONGEST_BACK_OFF);
        error
    }

    fn count(&mut self, connected: bool) {
        if connected && !self.counted {
            self.connected.fetch_add(1, Ordering::SeqCst);
        } else if !connected && self.counted {
            self.connected.fetch_sub(1, Ordering::SeqCst);
        }
        self.counted = connected;
    }
}

/// Commits in one round trip. The statement before it fails if an earlier one did and the unit went on regardless:
/// PostgreSQL would then roll back and call that a success.
fn commit(conn: &mut Connection, announces: bool) -> Result<(), DbError> {
    if announces {
        conn.run(&format!("SELECT pg_notify('{CHANNEL}', ''); COMMIT"))
    } else {
        conn.run("SELECT 1; COMMIT")
    }
}
