//! The change counter, which invalidates caches in all threads, processes and nodes.

use std::{
    fs::{self, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::paths::with_suffix;

pub(super) struct ChangeCounter {
    /// Number of local changes and received notifications.
    local: AtomicU64,
    remote: RemoteChanges,
}

/// Source of information about changes by other processes.
enum RemoteChanges {
    /// SQLite: a file beside the database.
    File(PathBuf),
    /// PostgreSQL: notifications. The flag is `true` while the listener is connected.
    Notify(AtomicBool),
}

impl ChangeCounter {
    /// Creates the counter of a SQLite database, with the file `<database>.changes`.
    pub(super) fn with_file(database: &Path) -> Self {
        Self { local: AtomicU64::new(0), remote: RemoteChanges::File(with_suffix(database, ".changes")) }
    }

    /// Creates the counter of a PostgreSQL database. Its listener is not connected yet.
    pub(super) const fn with_listener() -> Self {
        Self { local: AtomicU64::new(0), remote: RemoteChanges::Notify(AtomicBool::new(false)) }
    }

    /// Returns the current value. Read it before you load data into a cache, and load again when it has changed.
    pub(super) fn current(&self) -> u64 {
        match &self.remote {
            RemoteChanges::File(path) => match fs::metadata(path) {
                // The file is replaced, never modified in place. Inode, times and length together distinguish two
                // versions, even if the file system gives both the same time.
                Ok(meta) => {
                    let mut hasher = DefaultHasher::new();
                    self.local.load(Ordering::SeqCst).hash(&mut hasher);
                    (meta.ino(), meta.len()).hash(&mut hasher);
                    (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()).hash(&mut hasher);
                    hasher.finish()
                }
                Err(_) => self.unique(),
            },
            RemoteChanges::Notify(connected) if connected.load(Ordering::SeqCst) => self.local.load(Ordering::SeqCst),
            RemoteChanges::Notify(_) => self.unique(),
        }
    }

    /// Returns a new value at each call. This disables caching while changes may be missed.
    fn unique(&self) -> u64 {
        self.local.fetch_add(1, Ordering::SeqCst).wrapping_add(1)
    }

    /// Records a local change or a received notification.
    pub(super) fn increment(&self) {
        self.local.fetch_add(1, Ordering::SeqCst);
    }

    /// Records whether the listener is connected. This also counts as a change, because notifications may have been
    /// lost while the connection was down.
    pub(super) fn set_connected(&self, connected: bool) {
        if let RemoteChanges::Notify(flag) = &self.remote {
            self.increment();
            flag.store(connected, Ordering::SeqCst);
        }
    }

    /// Notifies other processes by replacing the file. Does nothing on PostgreSQL.
    pub(super) fn notify(&self) -> io::Result<()> {
        let RemoteChanges::File(path) = &self.remote else { return Ok(()) };
        // Consecutive versions differ in length, because inode and times may be equal after a quick replacement.
        let length = fs::metadata(path).map_or(0, |meta| meta.len()) % 512 + 1;
        // The name contains an address, because two open databases of one process may notify at the same time.
        let temporary = with_suffix(path, &format!(".{}-{:x}", std::process::id(), std::ptr::from_ref(self).addr()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&vec![b'.'; usize::try_from(length).unwrap_or(1)])?;
        drop(file);
        fs::rename(&temporary, path)
    }
}
