//! From whoever makes rows to whoever writes them: two threads, a few batches between them.

use tokio::sync::mpsc::Sender;

use super::{
    SeedError,
    table::{Batch, Table, Value},
};

/// Rows that travel together: enough that the hand-over costs nothing, few enough that memory stays small.
const ROWS: usize = 8_192;
/// Batches on their way, at most.
pub(super) const BATCHES: usize = 4;

/// Where rows go.
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
        if self.batch.rows() >= ROWS { self.flush() } else { Ok(()) }
    }

    /// Sends what there is. Fails when the writer has given up; it says why itself.
    pub(super) fn flush(&mut self) -> Result<(), SeedError> {
        self.writer.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| SeedError::Stopped)
    }
}
