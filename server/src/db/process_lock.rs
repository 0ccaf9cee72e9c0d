//! The lock that prevents `migrate-storage` from moving a database in use. Every process that opens the database holds
//! a shared lock; `migrate-storage` needs the exclusive lock. The end of a process releases its lock.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{error::DbError, paths::with_suffix};

/// Key of the advisory lock on PostgreSQL. All versions of Doorward must use the same value.
pub(crate) const ADVISORY_LOCK: i64 = 0x70_7265_7365_6e74;

/// Suffix of the lock file.
pub(super) const SUFFIX: &str = ".lock";

/// The lock of a SQLite database. Dropping this value releases it.
#[derive(Debug)]
pub(crate) struct ProcessLock(#[expect(dead_code, reason = "held until drop")] File);

impl ProcessLock {
    /// Takes a shared lock, which other processes can hold at the same time.
    pub(super) fn shared(database: &Path) -> Result<Self, DbError> {
        let file = open(database)?;
        file.try_lock_shared().map_err(|_| migration_in_progress())?;
        Ok(Self(file))
    }

    /// Takes the exclusive lock; `None` if another process holds the lock.
    pub(crate) fn try_exclusive(database: &Path) -> Result<Option<Self>, DbError> {
        let file = open(database)?;
        Ok(file.try_lock().is_ok().then_some(Self(file)))
    }
}

/// Error for processes that open the database during `migrate-storage`.
pub(super) fn migration_in_progress() -> DbError {
    DbError::Unavailable("`doorward migrate-storage` is moving it".to_owned())
}

/// Opens `<database>.lock` beside the database.
fn open(database: &Path) -> Result<File, DbError> {
    let path = with_suffix(database, SUFFIX);
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    opened.map_err(|error| DbError::Unavailable(format!("{}: {error}", path.display())))
}
