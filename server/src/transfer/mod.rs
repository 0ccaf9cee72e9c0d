//! Copies an installation from one database to another, of the same or the other engine.
//!
//! Both databases are locked during the transfer. Rows are copied in batches, in the order of their primary key. The
//! transaction of each batch also stores a [`Checkpoint`] in the target. After an interruption, the next call of
//! [`transfer`] continues from the checkpoint. A server refuses to open a database that contains a checkpoint. At the
//! end, every table is read again from both databases, and the row counts and digests must be equal. This detects
//! changes by programs that ignore the lock.

mod catalog;
mod copy;
mod endpoint;
mod statements;
mod tables;
mod types;
mod verify;

pub use self::types::{CHECKPOINT, Progress, Report, Role, TableReport, TransferError};
use self::{endpoint::Endpoint, tables::TABLES, types::Checkpoint};
use crate::{
    db::{DatabaseOptions, run_blocking},
    store::installation,
};

/// Copies an installation. First calls `accept` with the encrypted check text of the source
/// ([`installation::SEALED_WORD`]). If `accept` returns an error, nothing is written to the target.
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
    // The schemas are changed only after all checks that need no migration have succeeded.
    if target.installation(CHECKPOINT)?.is_none() && target.installation(installation::SEALED_WORD)?.is_some() {
        return Err(TransferError::NotEmpty("installation".to_owned()));
    }
    source.migrate()?;
    target.migrate()?;
    let plans = catalog::plans(&mut source, &mut target)?;
    let (checkpoint, resumed) = begin(&plans, &mut target, identity)?;
    let copied = copy::all(&plans, checkpoint, &mut source, &mut target, &mut progress)?;
    let tables = verify::all(&plans, &copied, &mut source, &mut target, &mut progress)?;
    target.finish()?;
    Ok(Report { resumed, tables })
}

/// Returns the checkpoint of an interrupted transfer, or stores the first checkpoint in an empty target. Also returns
/// whether a transfer was interrupted.
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
