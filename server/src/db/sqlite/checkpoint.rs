//! The checkpoint thread copies the write-ahead log (WAL) into the database file, so that no request waits for a
//! checkpoint.

use std::{
    fs::File,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::BigInt};

use super::{super::error::DbError, space::Space, write_back::write_back};

/// Time between two measurements of the free space and of the WAL's size, except during a checkpoint.
const ROUND: Duration = Duration::from_millis(200);
/// Number of rounds from one checkpoint to the next. More frequent checkpoints copy pages that change often again and
/// again. With fewer, the WAL becomes larger, and each checkpoint delays more commits.
const ROUNDS_PER_CHECKPOINT: u64 = 5;
/// Size of the WAL in pages (64 MiB) above which a checkpoint copies all pages, so that the WAL restarts from its
/// beginning. This delays writers a little. The WAL file is usually not truncated (see [`Space::large_wal`]), because
/// reusing its blocks is cheaper than allocating new ones.
const WAL_LIMIT_PAGES: i64 = 16 * 1024;
/// The checkpoint thread asks the writer to copy the rest only if reads hold back at most this number of pages. Copying
/// them does not noticeably delay writes.
const WRITER_PAGES: i64 = 200;
const MAX_PASSES: u32 = 4;
/// Number of rounds without another warning after a warning: one minute, because a round takes [`ROUND`].
const QUIET_ROUNDS: u32 = 300;

/// Signals between the writer and the checkpoint thread.
#[derive(Debug)]
pub(super) struct CheckpointRequests {
    /// Whether the WAL may contain pages that were not copied yet.
    written: AtomicBool,
    /// Whether the checkpoint thread has asked the writer to run the next checkpoint.
    requested: AtomicBool,
}

impl CheckpointRequests {
    pub(super) fn set_written(&self) {
        self.written.store(true, Ordering::Release);
    }

    pub(super) fn take_request(&self) -> bool {
        self.requested.swap(false, Ordering::AcqRel)
    }
}

/// Result row of `PRAGMA wal_checkpoint`, in pages.
#[derive(QueryableByName)]
struct WalStatus {
    /// Not 0 if another process or a read prevented the checkpoint.
    #[diesel(sql_type = BigInt)]
    busy: i64,
    #[diesel(sql_type = BigInt)]
    log: i64,
    #[diesel(sql_type = BigInt)]
    checkpointed: i64,
}

/// What a checkpoint has left in the WAL.
#[derive(PartialEq, Eq)]
enum Remaining {
    Nothing,
    /// Pages that a read holds back or that were written meanwhile.
    Pages,
    /// More than [`WAL_LIMIT_PAGES`], and reads hold many pages back. The next round tries again if there was a commit.
    TooMuch,
}

pub(super) struct Checkpointer {
    conn: SqliteConnection,
    requests: Arc<CheckpointRequests>,
    path: PathBuf,
    space: Arc<Space>,
    /// The database file; `None` until the first sync. It is never closed, because closing any descriptor of a file
    /// releases all POSIX locks that this process holds on the file, including SQLite's locks.
    file: Option<ManuallyDrop<File>>,
}

impl Checkpointer {
    pub(super) fn new(path: &Path, conn: SqliteConnection, space: Arc<Space>) -> Self {
        let requests = CheckpointRequests { written: AtomicBool::new(true), requested: AtomicBool::new(false) };
        Self { conn, requests: Arc::new(requests), path: path.to_path_buf(), space, file: None }
    }

    pub(super) fn requests(&self) -> Arc<CheckpointRequests> {
        Arc::clone(&self.requests)
    }

    /// Runs checkpoints until the sender of `stop` is dropped.
    pub(super) fn run(mut self, stop: &mpsc::Receiver<()>) {
        let (mut rounds, mut quiet_rounds) = (0_u64, 0);
        let mut result = Ok(Remaining::Nothing);
        while stop.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
            rounds += 1;
            let regular = rounds.is_multiple_of(ROUNDS_PER_CHECKPOINT);
            let due = regular || result == Ok(Remaining::TooMuch);
            let written = due && self.requests.written.swap(false, Ordering::AcqRel);
            if written || (regular && (result != Ok(Remaining::Nothing) || self.must_truncate())) {
                result = self.checkpoint();
                if let Err(error) = &result {
                    // Another process is running a checkpoint, or the database file cannot be written.
                    tracing::debug!(%error, "checkpoint postponed");
                }
            }
            self.space.measure();
            quiet_rounds = self.warn_at_intervals(quiet_rounds, result.as_ref().err());
        }
    }

    /// Logs a warning if the WAL is large, at most once a minute. Returns the number of further rounds in which no
    /// warning may be logged.
    fn warn_at_intervals(&self, quiet_rounds: u32, failure: Option<&DbError>) -> u32 {
        let wal_bytes = self.space.wal_bytes();
        if quiet_rounds == 0 && wal_bytes > self.space.large_wal() {
            let long_read = || "a long read of this or another process holds it".to_owned();
            let cause = failure.map_or_else(long_read, ToString::to_string);
            tracing::warn!(wal_bytes, cause, "the write-ahead log of SQLite grows, because it cannot be emptied");
            return QUIET_ROUNDS;
        }
        quiet_rounds.saturating_sub(1)
    }

    /// Copies pages while the writer continues. The WAL can restart only after all its pages are copied, and continuous
    /// writes prevent this. This function therefore asks the writer to copy the rest, unless reads keep many pages from
    /// being copied. SQLite then syncs the database file on the writer's thread. To make this sync short, this function
    /// syncs the pages that it has copied itself: after the first pass in parts, and after the second pass the rest.
    fn checkpoint(&mut self) -> Result<Remaining, DbError> {
        for pass in 0..MAX_PASSES {
            let status = self.copy("PRAGMA wal_checkpoint(PASSIVE)")?;
            let remaining = if status.checkpointed < status.log { Remaining::Pages } else { Remaining::Nothing };
            if remaining == Remaining::Nothing && self.must_truncate() {
                let _ = self.copy("PRAGMA wal_checkpoint(TRUNCATE)")?;
                return Ok(remaining);
            }
            if status.log <= WAL_LIMIT_PAGES {
                return Ok(remaining);
            }
            let few_held_back = status.log - status.checkpointed <= WRITER_PAGES;
            let synced = match pass {
                // While a long read holds the WAL, there is little to sync, but each part costs the disk a flush of its
                // cache.
                0 if few_held_back => self.file().and_then(write_back),
                0 | 1 => self.file().and_then(File::sync_data),
                _ if few_held_back => {
                    self.requests.requested.store(true, Ordering::Release);
                    return Ok(remaining);
                }
                _ => Ok(()),
            };
            if let Err(error) = synced {
                tracing::debug!(%error, "early sync of the database file failed");
            }
            self.space.measure();
        }
        Ok(Remaining::TooMuch)
    }

    /// Returns whether the WAL file must be truncated, because it is too large or the disk is almost full. No ceremony
    /// starts then, so perhaps no later commit truncates it.
    fn must_truncate(&self) -> bool {
        self.space.check().is_err() && self.space.wal_bytes() > 0
    }

    /// Runs one `PRAGMA wal_checkpoint`.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] if another process or a read prevents it, or if the database file was moved or replaced.
    fn copy(&mut self, pragma: &str) -> Result<WalStatus, DbError> {
        // If the file was replaced, another process may already use the WAL for the new file.
        self.space.check_file()?;
        let status: WalStatus = sql_query(pragma).get_result(&mut self.conn)?;
        if status.busy == 0 {
            Ok(status)
        } else {
            Err(DbError::Unavailable("another process or a read prevented the checkpoint".to_owned()))
        }
    }

    fn file(&mut self) -> std::io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => ManuallyDrop::new(File::options().read(true).write(true).open(&self.path)?),
        };
        Ok(self.file.insert(file))
    }
}
