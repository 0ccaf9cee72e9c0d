//! Copies an installation from one database to another, of the same or the other engine.
//!
//! Both databases are locked during the transfer. Rows are copied in batches, in the order of their primary key. Each batch is
//! one transaction of the target, which also stores a [`Checkpoint`]. After an interruption the next run continues from the
//! checkpoint, and no server opens a database that has one. At the end every table is read again on both sides, and the numbers
//! and digests of the rows must be equal. This detects a program that ignores the lock and changes the source.
//!
//! [`TransferError`] is the module's error type.

mod catalog;
mod copy;
mod endpoint;
mod tables;
mod verify;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::{endpoint::Endpoint, tables::TABLES};
use crate::{
    db::{DatabaseOptions, DbError, run_blocking},
    store::installation,
};

/// Name of the checkpoint in the table `installation` of an incomplete target.
pub const CHECKPOINT: &str = "storage_transfer";
/// Number of rows in a batch.
const BATCH: usize = 500;

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The database that is read.
    Source,
    /// The database that is written.
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

/// Reasons why a transfer failed. The source is unchanged, except that pending migrations were applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// A database failed.
    #[error("{0}: {1}")]
    Database(Role, DbError),
    /// A server or another command uses the database.
    #[error("{0} is in use: stop every server and command that uses it")]
    InUse(Role),
    /// No server has ever started on the source.
    #[error("the source contains no installation")]
    NoInstallation,
    /// The source is the target of another transfer that has not finished.
    #[error("the source is incomplete: a transfer into it has not finished")]
    Incomplete,
    /// A table of the target has rows.
    #[error("the target is not empty: table {0} has rows. Use an empty database")]
    NotEmpty(String),
    /// The target contains a part of another installation.
    #[error("the target contains a part of another installation, whose transfer has not finished")]
    OtherInstallation,
    /// Both URLs name the same database.
    #[error("source and target are the same database")]
    Same,
    /// The caller rejected the installation.
    #[error("{0}")]
    NotAccepted(String),
    /// The two schemas do not match.
    #[error("the schemas differ: {0}")]
    Schema(String),
    /// A table differs at the end.
    #[error(
        "table {table} differs: {source_rows} rows ({source_digest}) in the source, {target_rows} rows ({target_digest}) in \
         the target. If another program changed the source, delete the target's tables and start again"
    )]
    Differs {
        /// Name of the table.
        table: String,
        /// Number of rows in the source.
        source_rows: u64,
        /// SHA-256 of the rows in the source.
        source_digest: String,
        /// Number of rows in the target.
        target_rows: u64,
        /// SHA-256 of the rows in the target.
        target_digest: String,
    },
}

/// Progress of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A batch was copied.
    Copied {
        /// Name of the table.
        table: &'static str,
        /// Number of rows in the target.
        rows: u64,
        /// Number of rows in the source.
        total: u64,
    },
    /// A batch was read again on both sides.
    Verified {
        /// Name of the table.
        table: &'static str,
        /// Number of rows read.
        rows: u64,
        /// Number of rows in the source.
        total: u64,
    },
}

/// A table in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Name of the table.
    pub table: &'static str,
    /// Number of rows, the same on both sides.
    pub rows: u64,
    /// Number of rows that this run wrote. An interrupted run wrote the others.
    pub copied: u64,
    /// SHA-256 of all rows in the order of their primary key, the same on both sides; `None` for a table that is computed from
    /// others.
    pub sha256: Option<String>,
}

/// Report of a successful transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether this run continued an interrupted one.
    pub resumed: bool,
    /// All tables.
    pub tables: Vec<TableReport>,
}

/// State of an incomplete target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Checkpoint {
    /// The value of [`installation::SEALED_WORD`], which is unique to the installation.
    identity: String,
    /// The table being copied. Those before it in the list are complete.
    table: String,
    /// Primary key of the last copied row, as JSON.
    key: Option<String>,
    /// Number of copied rows.
    rows: u64,
}

/// Copies an installation. Calls `accept` with the source's value of [`installation::SEALED_WORD`] before it writes anything,
/// and stops if that returns an error.
///
/// # Errors
/// [`TransferError`]. After an interruption, call this function again with the same databases.
pub async fn transfer(
    from: DatabaseOptions,
    to: DatabaseOptions,
    accept: impl FnOnce(&str) -> Result<(), String> + Send + 'static,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, TransferError> {
    let report = run_blocking(move || Ok(run(&from, &to, accept, progress))).await;
    report.map_err(|error| TransferError::Database(Role::Source, error))?
}

fn run(
    from: &DatabaseOptions,
    to: &DatabaseOptions,
    accept: impl FnOnce(&str) -> Result<(), String>,
    mut progress: impl FnMut(Progress),
) -> Result<Report, TransferError> {
    if from.url == to.url {
        return Err(TransferError::Same);
    }
    let mut source = Endpoint::open(Role::Source, from)?;
    let identity = source.installation(installation::SEALED_WORD)?.ok_or(TransferError::NoInstallation)?;
    if source.installation(CHECKPOINT)?.is_some() {
        return Err(TransferError::Incomplete);
    }
    accept(&identity).map_err(TransferError::NotAccepted)?;
    let mut target = Endpoint::open(Role::Target, to)?;
    let plans = catalog::plans(&mut source, &mut target)?;
    let (checkpoint, resumed) = begin(&plans, &mut target, identity)?;
    let copied = copy::all(&plans, checkpoint, &mut source, &mut target, &mut progress)?;
    let tables = verify::all(&plans, &copied, &mut source, &mut target, &mut progress)?;
    target.finish()?;
    Ok(Report { resumed, tables })
}

/// Returns the checkpoint of an interrupted run, or stores a first one in an empty target.
fn begin(
    plans: &[catalog::Plan],
    target: &mut Endpoint,
    identity: String,
) -> Result<(Checkpoint, bool), TransferError> {
    if let Some(text) = target.installation(CHECKPOINT)? {
        let checkpoint: Option<Checkpoint> = serde_json::from_str(&text).ok();
        return match checkpoint {
            Some(checkpoint) if checkpoint.identity == identity => Ok((checkpoint, true)),
            _ => Err(TransferError::OtherInstallation),
        };
    }
    for table in TABLES {
        if target.count(*table)? > 0 {
            return Err(TransferError::NotEmpty(table.name().to_owned()));
        }
    }
    let first = plans.first().map(|plan| plan.table.name().to_owned()).unwrap_or_default();
    let checkpoint = Checkpoint { identity, table: first, key: None, rows: 0 };
    target.write(|target| target.put_checkpoint(&checkpoint))?;
    Ok((checkpoint, false))
}
