//! Writes and verifies backups.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use doorward_shared::Timestamp;

use super::manifest::{Manifest, failed, path_of};
use crate::db::{self, DbError};

/// Maximum time to wait while another process holds a lock on the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes a consistent copy of a SQLite database to a new file, and its manifest beside it. Servers may use the
/// database in the meantime. The manifest states `now` as the time of the backup.
///
/// # Errors
/// [`DbError::Unavailable`] if the file `to` already exists, or if a file cannot be read or written.
pub async fn create(database: PathBuf, to: PathBuf, now: Timestamp) -> Result<Manifest, DbError> {
    let (described, began) = (to.clone(), Arc::new(AtomicBool::new(false)));
    let begins = Arc::clone(&began);
    // The manifest is complete before the backup gets its name, so that every backup has a manifest.
    let finish = move |copy: &Path| {
        let manifest = Manifest::describe(copy, now)?;
        begins.store(true, Relaxed);
        manifest.write(&described)
    };
    let written = db::back_up_sqlite(database, to.clone(), BUSY_TIMEOUT, finish).await;
    if let Err(error) = written {
        // Delete only a manifest that this call wrote and that has no backup. Any other manifest at this path may
        // belong to another backup.
        if began.load(Relaxed) && !to.exists() {
            let _ = fs::remove_file(path_of(&to));
        }
        return Err(error);
    }
    Manifest::read(&to)?.ok_or_else(|| failed(&path_of(&to), &"the file was removed"))
}

/// Checks the file of a backup: its manifest, SHA-256, integrity, schema version and number of rows of each table.
///
/// # Errors
/// [`DbError::Unavailable`], which names the first difference or the file that cannot be read.
pub fn verify(backup: &Path) -> Result<Manifest, DbError> {
    if !backup.is_file() {
        return Err(failed(backup, &"there is no such file"));
    }
    let manifest = Manifest::read(backup)?.ok_or_else(|| failed(&path_of(backup), &"there is no such file"))?;
    manifest.check(backup)?;
    Ok(manifest)
}
