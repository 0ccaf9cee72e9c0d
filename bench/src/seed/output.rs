//! Bounded channel of row batches from the generating thread to the writing thread.

use tokio::sync::mpsc::Sender;

use super::{
    SeedError,
    table::{Batch, Table, Value},
};

/// Rows per batch.
const BATCH_ROWS: usize = 8_192;
/// Capacity of the channel, in batches.
pub(super) const BATCHES: usize = 4;

/// Sender of rows.
pub(super) struct Output<'a> {
    batch: Batch,
    writer: &'a Sender<Batch>,
}

impl<'a> Output<'a> {
    pub(super) fn to(writer: &'a Sender<Batch>) -> Self {
        Self { batch: Batch::default(), writer }
    }

    /// Adds a row.
    pub(super) fn push<const N: usize>(&mut self, table: Table, row: [Value; N]) -> Result<(), SeedError> {
        self.batch.push(table, row);
        if self.batch.rows() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Sends the current batch. Fails if the writer has stopped, which reports its own error.
    pub(super) fn flush(&mut self) -> Result<(), SeedError> {
        self.writer.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| SeedError::Stopped)
    }
}
