//! The state of the database file: whether it is still at its path, and whether it can still grow. It can grow if the
//! write-ahead log is not too large and the file system has free space.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::super::{error::DbError, paths::with_suffix};

/// Free space in bytes below which no new ceremonies start, so that the ceremonies in progress can finish.
const MIN_FREE_BYTES: u64 = 64 * 1024 * 1024;
/// Free space in bytes that a backup must leave. It exceeds [`MIN_FREE_BYTES`], so that a backup stops no ceremonies.
const FREE_AFTER_BACKUP: u64 = 4 * MIN_FREE_BYTES;
const MIB: u64 = 1024 * 1024;

/// The latest measurement of the database file, the write-ahead log and the free space. The checkpoint thread renews it
/// several times a second, and less often during a long sync.
#[derive(Debug)]
pub(in crate::db) struct Space {
    database: PathBuf,
    /// Device and inode of the opened file; `None` if they could not be read.
    opened: Option<(u64, u64)>,
    /// Whether the path no longer leads to the opened file.
    moved: AtomicBool,
    wal: PathBuf,
    wal_limit: u64,
    wal_bytes: AtomicU64,
    free_bytes: AtomicU64,
}

impl Space {
    pub(super) fn new(database: &Path, wal_limit: u64) -> Self {
        let wal = with_suffix(database, "-wal");
        Self {
            database: database.to_path_buf(),
            opened: file_number(database),
            moved: AtomicBool::new(false),
            wal,
            wal_limit,
            wal_bytes: AtomicU64::new(0),
            free_bytes: AtomicU64::new(u64::MAX),
        }
    }

    /// Checks that the path still leads to the opened file. SQLite would otherwise write to a file that no later
    /// process can open.
    pub(super) fn check_file(&self) -> Result<(), DbError> {
        self.moved.store(file_number(&self.database) != self.opened, Ordering::Relaxed);
        self.not_moved()
    }

    fn not_moved(&self) -> Result<(), DbError> {
        if !self.moved.load(Ordering::Relaxed) {
            return Ok(());
        }
        let path = self.database.display();
        Err(DbError::Unavailable(format!("{path} was moved, replaced or deleted while it was open")))
    }

    pub(super) fn measure(&self) {
        let _ = self.check_file();
        self.wal_bytes.store(fs::metadata(&self.wal).map_or(0, |meta| meta.len()), Ordering::Relaxed);
        self.free_bytes.store(free_beside(&self.wal), Ordering::Relaxed);
    }

    /// Size in bytes above which the write-ahead log counts as large: by default 512 MiB, like the alert in
    /// `deploy/prometheus/alerts.yml`. A warning is logged then, and SQLite truncates the file to this size when the log
    /// restarts. It is a fraction of the limit, so that a truncated file is below the limit.
    pub(super) const fn large_wal(&self) -> u64 {
        self.wal_limit / 8
    }

    pub(in crate::db) fn wal_bytes(&self) -> u64 {
        self.wal_bytes.load(Ordering::Relaxed)
    }

    /// Returns an error if the file is no longer at its path, the write-ahead log is too large or the disk is almost
    /// full.
    pub(in crate::db) fn check(&self) -> Result<(), DbError> {
        self.not_moved()?;
        let (wal, free) = (self.wal_bytes(), self.free_bytes.load(Ordering::Relaxed));
        if wal > self.wal_limit {
            let (wal, limit) = (wal / MIB, self.wal_limit / MIB);
            return Err(DbError::Unavailable(format!("the write-ahead log has {wal} MiB, the limit is {limit} MiB")));
        }
        if free < MIN_FREE_BYTES {
            return Err(DbError::Unavailable(format!("the disk is almost full: {} MiB are free", free / MIB)));
        }
        Ok(())
    }
}

/// Returns the free space in the file's folder, in bytes. An unknown amount is treated as unlimited.
fn free_beside(file: &Path) -> u64 {
    let free = file.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    free.map_or(u64::MAX, |free| free.f_bavail.saturating_mul(free.f_frsize))
}

/// Checks that there is space for a backup of a database of this size.
pub(super) fn check_for_backup(to: &Path, database_bytes: u64) -> Result<(), DbError> {
    let (free, needed) = (free_beside(to), database_bytes.saturating_add(FREE_AFTER_BACKUP));
    if free < needed {
        let (path, free, needed) = (to.display(), free / MIB, needed / MIB);
        let reason = format!("{path}: {free} MiB are free, but a backup starts only with {needed} MiB");
        return Err(DbError::Unavailable(reason));
    }
    Ok(())
}

fn file_number(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backup_needs_more_free_space_than_the_size_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("backup.db");
        let free = free_beside(&to);
        assert!(free > FREE_AFTER_BACKUP, "the test needs free space");
        check_for_backup(&to, 0).unwrap();
        let error = check_for_backup(&to, free).unwrap_err().to_string();
        assert!(error.contains("backup.db: ") && error.contains("a backup starts only with"), "{error}");
    }
}
