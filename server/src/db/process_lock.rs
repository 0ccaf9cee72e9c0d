//! The lock that prevents `migrate-storage`, `master-key rotate` and `signing-key reset` from changing a database in
//! use. Every process that opens the database holds a shared lock; these commands need the exclusive lock. The lock of
//! a process is released when the process ends.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use super::{error::DbError, paths::with_suffix};

/// Key of the advisory lock on PostgreSQL. All versions of Doorward must use the same value.
pub(crate) const ADVISORY_LOCK: i64 = 0x70_7265_7365_6e74;

/// Time for which an attempt to take the exclusive lock on PostgreSQL is repeated. PostgreSQL may take a moment to end
/// the session of a process that has ended.
pub(super) const SESSION_END: Duration = Duration::from_secs(5);
/// Interval between attempts to take the exclusive lock on PostgreSQL.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Suffix of the lock file.
pub(super) const SUFFIX: &str = ".lock";

/// The lock of a SQLite database. Dropping this value releases it.
#[derive(Debug)]
pub(crate) struct ProcessLock(#[expect(dead_code, reason = "held until drop")] File);

impl ProcessLock {
    /// Takes a shared lock, which other processes can hold at the same time.
    pub(super) fn shared(database: &Path) -> Result<Self, DbError> {
        let file = lock(database, |file| file.try_lock_shared().is_ok())?;
        file.map(Self).ok_or_else(|| unavailable(database, refusal(false)))
    }

    /// Takes the exclusive lock, or returns an error if another process holds the lock.
    pub(super) fn exclusive(database: &Path) -> Result<Self, DbError> {
        Self::try_exclusive(database)?.ok_or_else(|| unavailable(database, refusal(true)))
    }

    /// Takes the exclusive lock; `None` if another process holds the lock.
    pub(crate) fn try_exclusive(database: &Path) -> Result<Option<Self>, DbError> {
        Ok(lock(database, |file| file.try_lock().is_ok())?.map(Self))
    }
}

/// Returns the error for a process that cannot take the lock on PostgreSQL.
pub(super) fn refused(exclusive: bool) -> DbError {
    DbError::Unavailable(refusal(exclusive).to_owned())
}

/// Returns the reason why a process cannot take the lock.
const fn refusal(exclusive: bool) -> &'static str {
    if exclusive {
        "another process uses it: stop every server and command that uses it"
    } else {
        "`doorward migrate-storage`, `doorward master-key rotate` or `doorward signing-key reset` is changing it"
    }
}

/// Opens `<database>.lock` beside the database and locks it; `None` if `take` cannot lock the file.
fn lock(database: &Path, take: impl Fn(&File) -> bool) -> Result<Option<File>, DbError> {
    let path = with_suffix(database, SUFFIX);
    let failed = |error: std::io::Error| unavailable(&path, error);
    loop {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
        if !take(&file) {
            return Ok(None);
        }
        // A refused `restore` may have removed the file after this process opened it.
        let opened = file.metadata().map_err(failed)?.ino();
        if fs::metadata(&path).is_ok_and(|current| current.ino() == opened) {
            return Ok(Some(file));
        }
    }
}

fn unavailable(path: &Path, reason: impl std::fmt::Display) -> DbError {
    DbError::Unavailable(format!("{}: {reason}", path.display()))
}
