//! The writer thread. Queued units share one commit and get their results after it (group commit).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        change_counter::ChangeCounter,
        connection::Connection,
        error::{DbError, take_transaction_error},
        queue::Queue,
        unit::{Unit, Work},
    },
    checkpoint::CheckpointRequests,
    space::Space,
    transaction,
    write_turns::WriteTurns,
};

/// Maximum number of units that share one commit. The number is limited, because the first units wait for their results
/// until the last unit has run.
const UNITS_PER_COMMIT: usize = 64;
/// Minimum number of units in a commit that counts as high load. After such a commit, the writer waits for
/// [`GATHER_TIME`] before the next transaction, so that more units share that transaction. This saves time, because one
/// commit takes as long as the execution of several units.
const GATHER_THRESHOLD: usize = 4;
/// Time for which the writer waits for further units after a commit under high load (see [`GATHER_THRESHOLD`]). It is
/// short compared with the time that units wait under high load anyway.
const GATHER_TIME: Duration = Duration::from_micros(200);
/// Time between two attempts to take the write lock while another process has it.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Time for which the writer leaves the write lock free while another process waits for it. It is long enough for a few
/// attempts of the other process.
const PAUSE: Duration = Duration::from_millis(4);

pub(super) struct Writer {
    conn: Connection,
    queue: Arc<Queue>,
    change_counter: Arc<ChangeCounter>,
    checkpoints: Arc<CheckpointRequests>,
    space: Arc<Space>,
    turns: WriteTurns,
    busy_timeout: Duration,
    /// `true` if the length of the file `<database>.changes` may differ from `user_version` in the database. They
    /// differ if a process announced a change in this file but did not commit it.
    repair: bool,
    /// Whether a unit of the previous transaction failed. In this case, the next transaction uses savepoints.
    unit_failed: bool,
}

/// Units of one transaction, before its commit.
#[derive(Default)]
struct Batch {
    executed: Vec<Box<dyn Unit>>,
    invalidates: bool,
    /// Whether each unit gets a savepoint, so that its failure affects no other unit. Savepoints are costly, because
    /// SQLite copies every page that a unit changes in a savepoint. They are therefore used only after a transaction in
    /// which a unit failed. Without savepoints, the failure of one unit makes all units run again.
    has_savepoints: bool,
    unit_failed: bool,
}

impl Writer {
    /// Creates the writer. The connection must have no busy timeout, because the writer itself polls for the write
    /// lock.
    pub(super) const fn new(
        conn: Connection,
        queue: Arc<Queue>,
        change_counter: Arc<ChangeCounter>,
        checkpoints: Arc<CheckpointRequests>,
        space: Arc<Space>,
        turns: WriteTurns,
        busy_timeout: Duration,
    ) -> Self {
        Self { conn, queue, change_counter, checkpoints, space, turns, busy_timeout, repair: true, unit_failed: false }
    }

    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self) {
        let mut gather = false;
        while let Some(first) = self.queue.next() {
            if gather {
                self.queue.closed_within(GATHER_TIME);
            }
            if self.turns.others_wait() {
                self.queue.closed_within(PAUSE);
            }
            if self.checkpoints.take_request()
                && self.space.check_file().is_ok()
                && let Err(error) = self.conn.run("PRAGMA wal_checkpoint(PASSIVE)")
            {
                tracing::debug!(%error, "checkpoint postponed");
            }
            if let Err(error) = self.begin() {
                first.refuse(error);
                continue;
            }
            let mut batch = Batch { has_savepoints: self.unit_failed, ..Batch::default() };
            let outcome = self.execute(first, &mut batch).and_then(|()| self.commit(batch.invalidates));
            if outcome.is_err() {
                let _ = self.conn.run("ROLLBACK");
                self.repair = true;
            }
            self.unit_failed = batch.unit_failed;
            self.checkpoints.set_written();
            gather = batch.executed.len() >= GATHER_THRESHOLD;
            for unit in batch.executed {
                unit.finish(outcome.clone());
            }
        }
    }

    /// Takes the write lock. Waits at most `busy_timeout` for other processes.
    fn begin(&mut self) -> Result<(), DbError> {
        self.space.check_file()?;
        let mut result = transaction::begin_write(&mut self.conn);
        if is_locked(&result) {
            self.turns.wait();
            let mut waited = Duration::ZERO;
            while is_locked(&result) && waited < self.busy_timeout {
                std::thread::sleep(POLL_INTERVAL);
                waited += POLL_INTERVAL;
                result = transaction::begin_write(&mut self.conn);
            }
            self.turns.stop_waiting();
        }
        if result.is_ok() && self.repair {
            match self.change_counter.repair(&mut self.conn) {
                Ok(()) => self.repair = false,
                // Until a repair succeeds, processes do not cache data but read it at each request.
                Err(error) => tracing::debug!(%error, "cannot correct the change counter; caches are not used"),
            }
        }
        result
    }

    fn execute(&mut self, first: Box<dyn Unit>, batch: &mut Batch) -> Result<(), DbError> {
        let mut next = Some(first);
        while let Some(unit) = next {
            self.execute_unit(unit, batch)?;
            next = if batch.executed.len() < UNITS_PER_COMMIT { self.queue.next_now() } else { None };
        }
        Ok(())
    }

    /// Executes a unit. An error means that the whole transaction failed, for example because SQLite rolled it back
    /// when the disk was full.
    fn execute_unit(&mut self, mut unit: Box<dyn Unit>, batch: &mut Batch) -> Result<(), DbError> {
        if batch.has_savepoints {
            return self.execute_in_savepoint(unit, batch);
        }
        let _ = take_transaction_error();
        let keep = unit.run(&mut self.conn);
        batch.invalidates |= unit.work() == Work::WriteAndInvalidate;
        batch.executed.push(unit);
        // An error that a unit ignores may have ended the transaction. Later units would then run without a
        // transaction.
        if keep && !take_transaction_error() { Ok(()) } else { self.execute_again(batch) }
    }

    fn execute_in_savepoint(&mut self, mut unit: Box<dyn Unit>, batch: &mut Batch) -> Result<(), DbError> {
        let invalidates = unit.work() == Work::WriteAndInvalidate;
        if let Err(error) = transaction::begin_unit(&mut self.conn) {
            let error = rolled_back(&error);
            unit.refuse(error.clone());
            return Err(error);
        }
        let keep = unit.run(&mut self.conn);
        batch.executed.push(unit);
        batch.invalidates |= invalidates && keep;
        batch.unit_failed |= !keep;
        let ended = if keep { transaction::keep_unit(&mut self.conn) } else { transaction::undo_unit(&mut self.conn) };
        ended.map_err(|error| rolled_back(&error))
    }

    /// Executes all units of a transaction again, now with savepoints, because one unit failed.
    fn execute_again(&mut self, batch: &mut Batch) -> Result<(), DbError> {
        // This fails only if SQLite has already rolled back.
        let _ = self.conn.run("ROLLBACK");
        (batch.has_savepoints, batch.invalidates) = (true, false);
        let mut result = self.begin();
        for unit in std::mem::take(&mut batch.executed) {
            match result {
                Ok(()) => result = self.execute_in_savepoint(unit, batch),
                // `Writer::run` finishes these units with the error.
                Err(_) => batch.executed.push(unit),
            }
        }
        result
    }

    /// Commits. If `invalidates` is set, first announces the change (see [`ChangeCounter::increment_in`]). If the
    /// process crashes between the announcement and the commit, caches stay unused until another process opens the
    /// database and repairs the counter, or commits an administrative change.
    fn commit(&mut self, invalidates: bool) -> Result<(), DbError> {
        if invalidates {
            self.change_counter.increment_in(&mut self.conn)?;
        }
        let start = Instant::now();
        transaction::commit(&mut self.conn)?;
        self.queue.measurements.record_commit(start.elapsed());
        Ok(())
    }
}

fn is_locked(result: &Result<(), DbError>) -> bool {
    matches!(result, Err(DbError::Unavailable(reason)) if reason.contains("is locked"))
}

/// Returns the error for all units of a transaction that SQLite rolled back because of one unit. This error permits a
/// retry, because the other units did not cause it.
fn rolled_back(error: &DbError) -> DbError {
    DbError::Unavailable(format!("the transaction was rolled back: {error}"))
}
