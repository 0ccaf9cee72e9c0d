//! The parts of an open database that differ between the engines.

use std::{sync::Arc, thread::JoinHandle};

use super::{process_lock::ProcessLock, queue::Queue, sqlite::inline_reader::InlineReader};

pub(super) struct Opened {
    /// SQLite only.
    pub(super) inline_reader: Option<InlineReader>,
    /// On PostgreSQL the same queue as `writes`, because both use the same connections.
    pub(super) reads: Arc<Queue>,
    pub(super) writes: Arc<Queue>,
    pub(super) running: Running,
}

/// Threads and locks that are held while the database is open.
pub(super) struct Running {
    pub(super) threads: Vec<JoinHandle<()>>,
    /// Dropping it stops the thread that serves no queue: checkpoints on SQLite, the listener on PostgreSQL.
    pub(super) stop: Box<dyn Send>,
    /// SQLite only. On PostgreSQL the session of the listener holds the lock.
    pub(super) process_lock: Option<ProcessLock>,
}

impl Running {
    /// Waits for the threads; their queues must be closed.
    pub(super) fn join(self) {
        drop(self.stop);
        for thread in self.threads {
            // An error means that the thread panicked, so it has ended as well.
            let _ = thread.join();
        }
        drop(self.process_lock);
    }
}
