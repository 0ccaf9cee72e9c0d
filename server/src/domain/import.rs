//! Rules for importing rows, and results of the import.

use doorward_shared::Timestamp;
use serde::Serialize;

/// What an import may do with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportRule {
    /// Whether the imported values overwrite a stored row. If `false`, the stored row stays unchanged.
    pub update: bool,
    /// Creation time up to which an earlier import added all rows. If a row with this or an earlier creation time is
    /// not stored, it has been deleted in Doorward since that import. It is therefore not added again. `None` if every
    /// row that is not stored may be added.
    pub complete_until: Option<Timestamp>,
}

impl ImportRule {
    /// Returns a refusal if an earlier import added the row and the row was then deleted in Doorward. Must be called
    /// only for rows that are not stored.
    pub fn deleted_here(self, created_at: Timestamp) -> Option<ImportOutcome> {
        let was_imported = self.complete_until.is_some_and(|until| created_at <= until);
        was_imported.then_some(ImportOutcome::Refused("it was imported before, and has since been deleted in Doorward"))
    }
}

/// What the import of one row changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    Added,
    Updated,
    Unchanged,
    /// The row was not imported, for example because it contradicts a stored row. Contains a human-readable reason.
    Refused(&'static str),
}

/// Number of rows for each outcome of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Number of rows that the source contains.
    pub read: u64,
    pub added: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Rows of earlier imports that this import deleted (API keys: revoked), because the source does not contain them.
    pub deleted: u64,
    /// Rows that were not imported. The report names the reasons.
    pub refused: u64,
}

impl Tally {
    pub const fn add(&mut self, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Added => self.added += 1,
            ImportOutcome::Updated => self.updated += 1,
            ImportOutcome::Unchanged => self.unchanged += 1,
            ImportOutcome::Refused(_) => self.refused += 1,
        }
    }

    /// Returns whether the import changed something.
    pub const fn changed(&self) -> bool {
        self.added + self.updated + self.deleted > 0
    }
}
