//! Statements that read and write the rows of a table.

#[derive(Debug)]
pub(super) struct Statements {
    pub(super) first: String,
    pub(super) next: String,
    /// Writes a batch and skips existing rows.
    pub(super) insert: String,
}
