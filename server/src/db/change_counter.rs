//! A number that changes when anyone, in this or another process, changed what others keep in memory.

use std::{
    fs::{self, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The change counter of one store.
pub(super) struct ChangeCounter {
    /// Changes made or heard of by this store.
    local: AtomicU64,
    remote: RemoteChanges,
}

/// How other processes' changes are noticed.
enum RemoteChanges {
    /// By a small file next to the database.
    File(PathBuf),
    /// By a notification, as long as the channel is up.
    Notify(AtomicBool),
}

impl ChangeCounter {
    /// For a SQLite file: `<database>.changes` beside it.
    pub(super) fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".changes");
        Self { local: AtomicU64::new(0), remote: RemoteChanges::File(name.into()) }
    }

    /// For a server that notifies; not connected yet.
    pub(super) const fn notified() -> Self {
        Self { local: AtomicU64::new(0), remote: RemoteChanges::Notify(AtomicBool::new(false)) }
    }

    /// The present number. Ask before reading what is to be kept: whoever keeps something read under an older
    /// number must read it again.
    pub(super) fn current(&self) -> u64 {
        match &self.remote {
            RemoteChanges::File(path) => match fs::metadata(path) {
                // Stateless, so that nothing is locked. The file is replaced, never written to: inode, times and
                // length together tell two versions apart even within one tick of the file system's clock.
                Ok(meta) => {
                    let mut hasher = DefaultHasher::new();
                    self.local.load(Ordering::SeqCst).hash(&mut hasher);
                    (meta.ino(), meta.len()).hash(&mut hasher);
                    (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()).hash(&mut hasher);
                    hasher.finish()
                }
                Err(_) => self.fresh(),
            },
            RemoteChanges::Notify(up) if up.load(Ordering::SeqCst) => self.local.load(Ordering::SeqCst),
            RemoteChanges::Notify(_) => self.fresh(),
        }
    }

    /// A number nobody has seen: while changes may go unnoticed, nothing may be kept.
    fn fresh(&self) -> u64 {
        self.local.fetch_add(1, Ordering::SeqCst).wrapping_add(1)
    }

    /// This process changed something, or heard that another one did.
    pub(super) fn increment(&self) {
        self.local.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether notifications arrive. On return of the channel what was missed counts as a change.
    pub(super) fn set_channel(&self, arrives: bool) {
        if let RemoteChanges::Notify(up) = &self.remote {
            self.increment();
            up.store(arrives, Ordering::SeqCst);
        }
    }

    /// Tells other processes through the file.
    pub(super) fn notify(&self) -> io::Result<()> {
        let RemoteChanges::File(path) = &self.remote else { return Ok(()) };
        // Lengths differ from one version to the next, since a freed inode may come back within one clock tick.
        let length = fs::metadata(path).map_or(0, |meta| meta.len()) % 512 + 1;
        let mut name = path.as_os_str().to_owned();
        // Two stores of one process may announce at the same time, too.
        name.push(format!(".{}-{:x}", std::process::id(), std::ptr::from_ref(self).addr()));
        let temporary = PathBuf::from(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&vec![b'.'; usize::try_from(length).unwrap_or(1)])?;
        drop(file);
        fs::rename(&temporary, path)
    }
}
