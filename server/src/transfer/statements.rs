//! Statements that read and write the rows of a table.

/// Statements for one engine.
#[derive(Debug)]
pub(super) struct Statements {
    /// Reads the first batch.
    pub(super) first: String,
    /// Reads the batch after a key.
    pub(super) next: String,
    /// Writes a batch and skips existing rows.
    pub(super) insert: String,
}
