//! The parts of an open database that differ between the engines.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    thread::JoinHandle,
};

use super::{process_lock::ProcessLock, queue::Queue, sqlite::inline_reader::InlineReader};

pub(super) struct Opened {
    /// SQLite only.
    pub(super) inline_reader: Option<InlineReader>,
    /// On PostgreSQL this is the same queue as `writes`, because reads and writes use the same connections.
    pub(super) reads: Arc<Queue>,
    pub(super) writes: Arc<Queue>,
    /// PostgreSQL only: number of connections of the pool that are open or being opened.
    pub(super) connected: Option<Arc<AtomicUsize>>,
    pub(super) running: Running,
}

/// Threads and locks that are held while the database is open.
pub(super) struct Running {
    pub(super) threads: Vec<JoinHandle<()>>,
    /// Dropping it stops the background thread: checkpoints on SQLite, the listener for changes on PostgreSQL.
    pub(super) stop: Box<dyn Send>,
    /// SQLite only. On PostgreSQL the listener's session holds the lock.
    pub(super) process_lock: Option<ProcessLock>,
}

impl Running {
    /// Waits for the threads to end. Their queues must be closed before.
    pub(super) fn join(self) {
        drop(self.stop);
        for thread in self.threads {
            // An error means that the thread panicked, so it has ended as well.
            let _ = thread.join();
        }
        drop(self.process_lock);
    }
}
