//! The parts of an open database that differ between the engines.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    thread::JoinHandle,
};

use super::{
    process_lock::ProcessLock,
    queue::Queue,
    sqlite::{inline_reader::InlineReader, space::Space},
};

pub(super) struct Opened {
    /// SQLite only.
    pub(super) inline_reader: Option<InlineReader>,
    /// On PostgreSQL this is the same queue as `writes`, because reads and writes use the same connections.
    pub(super) reads: Arc<Queue>,
    pub(super) writes: Arc<Queue>,
    /// PostgreSQL only: number of connections of the pool that are open or being opened.
    pub(super) connected: Option<Arc<AtomicUsize>>,
    pub(super) running: Running,
    /// SQLite only: state of the file, size of the write-ahead log, and free disk space.
    pub(super) space: Option<Arc<Space>>,
}

/// The threads that run, and the lock that is held, while the database is open.
pub(super) struct Running {
    /// Threads that end when their queue is closed and empty.
    pub(super) threads: Vec<JoinHandle<()>>,
    /// Thread that runs checkpoints on SQLite. On PostgreSQL, it listens for changes and holds the process lock.
    pub(super) background: JoinHandle<()>,
    /// Dropping this value stops the background thread.
    pub(super) stop: Box<dyn Send>,
    /// SQLite only. On PostgreSQL the listening session holds the lock.
    pub(super) process_lock: Option<ProcessLock>,
}

impl Running {
    /// Waits for the threads to end. Their queues must already be closed.
    pub(super) fn join(self) {
        for thread in self.threads {
            // An error means that the thread panicked, so it has ended as well.
            let _ = thread.join();
        }
        drop(self.stop);
        let _ = self.background.join();
        drop(self.process_lock);
    }
}
