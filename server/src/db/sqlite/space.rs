//! Sizes that show whether the database can still grow: the write-ahead log and the free space of the file system.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::super::{error::DbError, paths::with_suffix};

/// Free space in bytes below which no new ceremonies start, so that the ceremonies in progress can finish.
const MIN_FREE_BYTES: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// The latest measurement. The checkpoint thread renews it several times a second.
#[derive(Debug)]
pub(in crate::db) struct Space {
    wal: PathBuf,
    wal_limit: u64,
    wal_bytes: AtomicU64,
    free_bytes: AtomicU64,
}

impl Space {
    pub(super) fn new(database: &Path, wal_limit: u64) -> Self {
        let wal = with_suffix(database, "-wal");
        Self { wal, wal_limit, wal_bytes: AtomicU64::new(0), free_bytes: AtomicU64::new(u64::MAX) }
    }

    pub(super) fn measure(&self) {
        self.wal_bytes.store(fs::metadata(&self.wal).map_or(0, |meta| meta.len()), Ordering::Relaxed);
        // If the free space is unknown, it is treated as unlimited.
        let free = self.wal.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
        let bytes = free.map_or(u64::MAX, |free| free.f_bavail.saturating_mul(free.f_frsize));
        self.free_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(in crate::db) fn wal_bytes(&self) -> u64 {
        self.wal_bytes.load(Ordering::Relaxed)
    }

    /// Returns an error if the write-ahead log is too large or the disk is almost full.
    pub(in crate::db) fn check(&self) -> Result<(), DbError> {
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
