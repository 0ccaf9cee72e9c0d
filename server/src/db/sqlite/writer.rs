//! The writer thread. Queued units share one commit and get their results after it (group commit).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        change_counter::ChangeCounter,
        connection::Connection,
        error::DbError,
        queue::{Executed, Queue, Unit, Work},
    },
    checkpoint::CheckpointRequests,
    transaction,
};

/// Maximum number of units that share one commit. With more units, the first ones would wait longer for their results.
const UNITS_PER_COMMIT: usize = 64;
/// After a commit with at least this many units, the writer delays the next transaction by [`GATHER_TIME`], so that
/// more units share it. This is faster under load, because a commit takes as long as several units.
const GATHER_THRESHOLD: usize = 4;
/// Delay of the next transaction. It is short compared with the time that units wait under such load.
const GATHER_TIME: Duration = Duration::from_micros(500);

pub(super) struct Writer {
    conn: Connection,
    queue: Arc<Queue>,
    change_counter: Arc<ChangeCounter>,
    checkpoints: Arc<CheckpointRequests>,
}

/// Units of one transaction, before its commit.
#[derive(Default)]
struct Batch {
    executed: Vec<Executed>,
    invalidates: bool,
}

impl Writer {
    pub(super) const fn new(
        conn: Connection,
        queue: Arc<Queue>,
        change_counter: Arc<ChangeCounter>,
        checkpoints: Arc<CheckpointRequests>,
    ) -> Self {
        Self { conn, queue, change_counter, checkpoints }
    }

    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self) {
        let mut gather = false;
        while let Some(first) = self.queue.next() {
            if gather {
                self.queue.closed_within(GATHER_TIME);
            }
            if self.checkpoints.take_request()
                && let Err(error) = self.conn.run("PRAGMA wal_checkpoint(PASSIVE)")
            {
                tracing::debug!(%error, "checkpoint postponed");
            }
            if let Err(error) = transaction::begin_write(&mut self.conn) {
                first.refuse(error);
                continue;
            }
            let mut batch = Batch::default();
            let outcome = self.execute(first, &mut batch).and_then(|()| self.commit(batch.invalidates));
            if outcome.is_err() {
                let _ = self.conn.run("ROLLBACK");
            }
            self.checkpoints.set_written();
            gather = batch.executed.len() >= GATHER_THRESHOLD;
            for unit in batch.executed {
                (unit.reply)(outcome.clone());
            }
        }
    }

    fn execute(&mut self, first: Box<dyn Unit>, batch: &mut Batch) -> Result<(), DbError> {
        let mut next = Some(first);
        while let Some(unit) = next {
            self.execute_unit(unit, batch)?;
            next = if batch.executed.len() < UNITS_PER_COMMIT { self.queue.next_now() } else { None };
        }
        Ok(())
    }

    /// Executes a unit in its own savepoint, so that its failure affects no other unit. An error means that the whole
    /// transaction failed, for example because SQLite rolled it back when the disk was full.
    fn execute_unit(&mut self, unit: Box<dyn Unit>, batch: &mut Batch) -> Result<(), DbError> {
        let invalidates = unit.work() == Work::WriteAndInvalidate;
        if let Err(error) = transaction::begin_unit(&mut self.conn) {
            unit.refuse(error.clone());
            return Err(error);
        }
        let executed = unit.run(&mut self.conn);
        let keep = executed.keep;
        batch.executed.push(executed);
        batch.invalidates |= invalidates && keep;
        if keep { transaction::keep_unit(&mut self.conn) } else { transaction::undo_unit(&mut self.conn) }
    }

    /// Commits. A notification before the commit is needed in case this process crashes directly after the commit. The
    /// notification after the commit is needed because other processes can read the change only then.
    fn commit(&mut self, invalidates: bool) -> Result<(), DbError> {
        if invalidates {
            self.change_counter
                .notify()
                .map_err(|error| DbError::Unavailable(format!("cannot notify other processes: {error}")))?;
        }
        let start = Instant::now();
        transaction::commit(&mut self.conn)?;
        self.queue.measurements.record_commit(start.elapsed());
        if invalidates {
            self.change_counter.increment();
            // The caller gets no error, because the transaction is committed. The first notification was sent.
            if let Err(error) = self.change_counter.notify() {
                tracing::error!(%error, "other processes may miss an administrative change");
            }
        }
        Ok(())
    }
}
