//! Creates the database file and opens connections.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection};

use super::super::error::DbError;

const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// Creates the folder of a database if it is missing.
pub(super) fn create_folder(path: &Path) -> Result<(), DbError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        Some(folder) => {
            let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            created.map_err(|error| unavailable(path, &error))
        }
        None => Ok(()),
    }
}

/// Creates the file if it is missing. Only its owner can read it. SQLite creates `-wal` and `-shm` with the same mode.
/// Keeps the mode of an existing file, so that the installation can detect and refuse a file that other users can
/// access.
pub(crate) fn create_file(path: &Path) -> Result<(), DbError> {
    let failed = |error: std::io::Error| unavailable(path, &error);
    create_folder(path)?;
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop).map_err(failed)
}

pub(super) fn unavailable(path: &Path, error: &dyn std::fmt::Display) -> DbError {
    DbError::Unavailable(format!("{}: {error}", path.display()))
}

/// Opens a connection without any settings.
pub(super) fn establish(path: &Path) -> Result<SqliteConnection, DbError> {
    let name = path.to_str().ok_or_else(|| unavailable(path, &"the path is not UTF-8"))?;
    SqliteConnection::establish(name).map_err(|error| unavailable(path, &error))
}

/// Opens a connection with the settings that all connections share.
pub(crate) fn connect(path: &Path, busy_timeout: Duration) -> Result<SqliteConnection, DbError> {
    let mut conn = establish(path)?;
    // `busy_timeout` comes first, because enabling WAL mode may have to wait. `temp_store` keeps savepoint data in
    // memory.
    let settings = format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF; \
         PRAGMA temp_store = MEMORY;",
        busy_timeout.as_millis()
    );
    let mut waited = Duration::ZERO;
    loop {
        match conn.batch_execute(&settings).map_err(DbError::from) {
            // When two processes enable WAL mode at the same time, SQLite ignores the busy timeout and returns an error
            // to one of them to avoid a deadlock.
            Err(DbError::Unavailable(_)) if waited < busy_timeout => {
                std::thread::sleep(RETRY_INTERVAL);
                waited += RETRY_INTERVAL;
            }
            result => return result.map(|()| conn),
        }
    }
}
