//! Fairness between processes that write to one SQLite file.
//!
//! SQLite has no queue for the write lock: processes poll for it. If a process took the lock again directly after each
//! commit, other processes would wait until their timeout. Therefore a waiting process holds a shared lock on the file
//! of the change counter. Before each transaction, a process pauses if another process holds this shared lock.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::super::{change_counter, paths::with_suffix};

pub(super) struct WriteTurns {
    path: PathBuf,
    /// File of the change counter; `None` while it does not exist. It is not created here, because its length is the
    /// counter: an empty file would set the counter to 0.
    file: Option<File>,
}

impl WriteTurns {
    pub(super) fn new(database: &Path) -> Self {
        Self { path: with_suffix(database, change_counter::SUFFIX), file: None }
    }

    fn file(&mut self) -> Option<&File> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        self.file.as_ref()
    }

    /// Returns whether another process waits for the write lock.
    pub(super) fn others_wait(&mut self) -> bool {
        let Some(file) = self.file() else { return false };
        match file.try_lock() {
            Ok(()) => {
                let _ = file.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }

    /// Asks other processes to pause, until [`WriteTurns::stop_waiting`].
    pub(super) fn wait(&mut self) {
        // If this fails, the process still polls for the write lock, but other processes do not pause for it.
        let _ = self.file().map(File::lock_shared);
    }

    pub(super) fn stop_waiting(&mut self) {
        let _ = self.file().map(File::unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_process_is_seen_only_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("doorward.db");
        let (mut one, mut other) = (WriteTurns::new(&database), WriteTurns::new(&database));
        other.wait();
        assert!(!one.others_wait(), "without the file nothing is shared");
        std::fs::write(with_suffix(&database, change_counter::SUFFIX), "").unwrap();
        for _ in 0..2 {
            assert!(!one.others_wait());
            other.wait();
            assert!(one.others_wait());
            other.stop_waiting();
        }
        assert!(!one.others_wait());
    }
}
