//! Moves an installation from one database to another, of either engine.
//!
//! Both databases are held alone meanwhile. Rows travel in batches by key, each batch one transaction of the target
//! together with a mark that says how far it got: whatever interrupts the move, the next one goes on from the mark, and
//! nobody serves a database that bears one. At the end every table of both sides is read again and must agree in number and
//! digest of its rows: whoever wrote to the source meanwhile, by whatever way, is found out there.
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

/// The name under which a database that is being filled keeps how far that got.
pub const MARK: &str = "storage_transfer";
/// Rows of one batch.
const BATCH: usize = 500;

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that is read.
    Source,
    /// The one that is filled.
    Target,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the source",
            Self::Target => "the target",
        })
    }
}

/// Why an installation was not moved. In the source nothing is changed but its schema, where migrations were pending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// A database failed.
    #[error("{0}: {1}")]
    Store(Which, DbError),
    /// A server, or another command, is at work on it.
    #[error("{0} is in use: stop every server and command that works on it")]
    InUse(Which),
    /// The source was never started on.
    #[error("the source holds no installation")]
    NoInstallation,
    /// The source is itself the target of a move that did not end.
    #[error("the source is incomplete: a move into it has not ended")]
    Incomplete,
    /// The target holds something already.
    #[error("the target is not empty ({0} has rows): an installation is moved into an empty database only")]
    Occupied(String),
    /// The target is half filled from elsewhere.
    #[error("the target holds a part of another installation, whose move has not ended")]
    OtherMove,
    /// Both are the same place.
    #[error("source and target are the same database")]
    Same,
    /// The caller does not accept the installation.
    #[error("{0}")]
    NotAccepted(String),
    /// The two schemas do not fit together.
    #[error("the schemas differ: {0}")]
    Schema(String),
    /// What was read again at the end is not what was written.
    #[error(
        "table {table} differs: {source_rows} rows ({source_digest}) in the source, {target_rows} rows ({target_digest}) in \
         the target; was the source changed meanwhile? Make the target anew and begin again"
    )]
    Differs {
        /// Which table.
        table: String,
        /// Rows in the source.
        source_rows: u64,
        /// Their digest.
        source_digest: String,
        /// Rows in the target.
        target_rows: u64,
        /// Their digest.
        target_digest: String,
    },
}

/// How far a move got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So many rows of a table are in the target.
    Copied {
        /// Which table.
        table: &'static str,
        /// Rows so far.
        rows: u64,
        /// Rows of the source's table.
        total: u64,
    },
    /// So many rows of a table were read again, on both sides.
    Verified {
        /// Which table.
        table: &'static str,
        /// Rows so far.
        rows: u64,
        /// Rows of the source's table.
        total: u64,
    },
}

/// A table that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// Its rows, on either side.
    pub rows: u64,
    /// Those of them that this run wrote; an earlier one, that was interrupted, wrote the others.
    pub copied: u64,
    /// SHA-256 over all rows in the order of their key, the same on both sides. Tables that follow from others are made
    /// anew from them, and have none.
    pub sha256: Option<String>,
}

/// A move that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether an earlier run had begun it.
    pub resumed: bool,
    /// Every table.
    pub tables: Vec<TableReport>,
}

/// How far the target is filled, as it is kept there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Which installation is moved: its sealed word, which no two installations have in common.
    identity: String,
    /// The table that is being filled; those before it in the list are done.
    table: String,
    /// The key of its last row that is there, as JSON; none at its beginning.
    key: Option<String>,
    /// Rows of it that are there.
    rows: u64,
}

/// Moves an installation. `accept` is asked with the source's sealed word ([`installation::SEALED_WORD`]) before anything is
/// written; its refusal ends the move.
///
/// # Errors
/// [`TransferError`]. After an interruption, call it again with the same databases.
pub async fn transfer(
    from: DatabaseOptions,
    to: DatabaseOptions,
    accept: impl FnOnce(&str) -> Result<(), String> + Send + 'static,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, TransferError> {
    let moved = run_blocking(move || Ok(run(&from, &to, accept, progress))).await;
    moved.map_err(|error| TransferError::Store(Which::Source, error))?
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
    let mut source = Endpoint::open(Which::Source, from)?;
    let identity = source.installation(installation::SEALED_WORD)?.ok_or(TransferError::NoInstallation)?;
    if source.installation(MARK)?.is_some() {
        return Err(TransferError::Incomplete);
    }
    accept(&identity).map_err(TransferError::NotAccepted)?;
    let mut target = Endpoint::open(Which::Target, to)?;
    let plans = catalog::plans(&mut source, &mut target)?;
    let (mark, resumed) = begin(&plans, &mut target, identity)?;
    let copied = copy::all(&plans, mark, &mut source, &mut target, &mut progress)?;
    let tables = verify::all(&plans, &copied, &mut source, &mut target, &mut progress)?;
    target.end()?;
    Ok(Report { resumed, tables })
}

/// The mark of an earlier run, or the first one in an empty target.
fn begin(plans: &[catalog::Plan], target: &mut Endpoint, identity: String) -> Result<(Mark, bool), TransferError> {
    if let Some(text) = target.installation(MARK)? {
        let mark: Option<Mark> = serde_json::from_str(&text).ok();
        return match mark {
            Some(mark) if mark.identity == identity => Ok((mark, true)),
            _ => Err(TransferError::OtherMove),
        };
    }
    for table in TABLES {
        if table.is_on(target.engine()) && target.count(*table)? > 0 {
            return Err(TransferError::Occupied(table.name().to_owned()));
        }
    }
    let first = plans.first().map(|plan| plan.table.name().to_owned()).unwrap_or_default();
    let mark = Mark { identity, table: first, key: None, rows: 0 };
    target.write(|side| side.put_mark(&mark))?;
    Ok((mark, false))
}
