//! Errors, progress and report of a transfer, and its checkpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::db::DbError;

/// Name of the checkpoint in the table `installation`. Only a target whose transfer is not complete contains a
/// checkpoint.
pub const CHECKPOINT: &str = "storage_transfer";
pub(super) const BATCH: usize = 500;

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Source,
    Target,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the source",
            Self::Target => "the target",
        })
    }
}

/// Reasons why a transfer failed. A failed transfer changes nothing in the source, except that it may apply pending
/// migrations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    #[error("{0}: {1}")]
    Database(Role, DbError),
    /// A server or another command uses the database.
    #[error("{0} is in use: stop every server and command that uses it")]
    InUse(Role),
    /// The source contains no check text, and therefore no installation.
    #[error("the source contains no installation")]
    NoInstallation,
    /// The source is itself the target of an earlier transfer that has not finished.
    #[error("the source is incomplete: a transfer into it has not finished")]
    Incomplete,
    /// A table of the target has rows.
    #[error("the target is not empty: table {0} has rows. Use an empty database")]
    NotEmpty(String),
    /// The target contains a part of another installation.
    #[error("the target contains a part of another installation, whose transfer has not finished")]
    OtherInstallation,
    /// The source and the target have the same URL.
    #[error("source and target are the same database")]
    Same,
    #[error("{0}")]
    NotAccepted(String),
    #[error("the schemas differ: {0}")]
    Schema(String),
    #[error(
        "table {table} differs: {source_rows} rows ({source_digest}) in the source, {target_rows} rows ({target_digest}) in \
         the target. If another program changed the source, delete the target's tables and start again"
    )]
    Differs {
        table: String,
        source_rows: u64,
        /// SHA-256 of the rows in the source.
        source_digest: String,
        target_rows: u64,
        /// SHA-256 of the rows in the target.
        target_digest: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    Copied {
        table: &'static str,
        /// Number of rows in the target.
        rows: u64,
        /// Number of rows in the source.
        total: u64,
    },
    /// Another batch of the table's rows was read from both databases to compare them.
    Verified {
        table: &'static str,
        /// Number of rows that this comparison has read from the source so far.
        rows: u64,
        /// Number of rows in the source.
        total: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    pub table: &'static str,
    /// Number of rows, equal in both databases.
    pub rows: u64,
    /// Number of rows that this call wrote. Earlier, interrupted calls wrote the other rows.
    pub copied: u64,
    /// SHA-256 of all rows in the order of their primary key, the same in both databases. `None` for a table that is
    /// computed from another table.
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether this call continued an interrupted transfer.
    pub resumed: bool,
    pub tables: Vec<TableReport>,
}

/// The state of an interrupted transfer, stored in the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The encrypted check text (`installation::SEALED_WORD`), which is unique to the installation.
    pub(super) identity: String,
    /// The table that is being copied. The tables before it in `TABLES` are complete.
    pub(super) table: String,
    /// Primary key of the last copied row, as JSON; `None` if no row of the table was copied.
    pub(super) key: Option<String>,
    /// Number of rows of `table` that were copied.
    pub(super) rows: u64,
}
