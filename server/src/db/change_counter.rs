//! The change counter, which invalidates caches in all threads, processes and nodes.
//!
//! On SQLite, a transaction with administrative changes increments the number `PRAGMA user_version` in the header of
//! the database. Before the commit, it sets the length of the file `<database>.changes` to the new number and thereby
//! announces the change. Every process reads this length at each request. The announcement precedes the commit, because
//! a later announcement could fail and other processes would miss the change. A process reads this length before it
//! reads data for a cache. It may cache the data only if `user_version` in the snapshot of the data is at least as
//! large as the length. If `user_version` is smaller, the announced change is not committed yet (see [`may_cache`]).

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use diesel::{RunQueryDsl, dsl::sql, sql_types::BigInt};

use super::{connection::Connection, error::DbError, paths::with_suffix};

/// Suffix of the file `<database>.changes`, whose length is the announced number.
pub(super) const SUFFIX: &str = ".changes";

pub(super) struct ChangeCounter {
    /// Number of calls of [`ChangeCounter::increment`] and [`ChangeCounter::unique`].
    local: AtomicU64,
    remote: RemoteChanges,
}

/// Source of information about changes by other processes.
enum RemoteChanges {
    /// SQLite: a file beside the database.
    File(PathBuf),
    /// PostgreSQL: notifications.
    Notify {
        /// Whether the listener is connected and receives notifications.
        listening: AtomicBool,
        /// Whether the server supports notifications. A PostgreSQL-compatible server may lack them.
        supported: AtomicBool,
    },
}

impl ChangeCounter {
    /// Creates the counter of a SQLite database.
    pub(super) fn with_file(database: &Path) -> Self {
        Self { local: AtomicU64::new(0), remote: RemoteChanges::File(with_suffix(database, SUFFIX)) }
    }

    /// Creates the counter of a PostgreSQL database. Its listener is not connected yet.
    pub(super) const fn with_listener() -> Self {
        Self {
            local: AtomicU64::new(0),
            remote: RemoteChanges::Notify { listening: AtomicBool::new(false), supported: AtomicBool::new(true) },
        }
    }

    /// Returns the current value. Read it before you load data into a cache; when it changes, load the data again.
    pub(super) fn current(&self) -> u64 {
        match &self.remote {
            RemoteChanges::File(path) => fs::metadata(path).map_or_else(|_| self.unique(), |meta| meta.len()),
            RemoteChanges::Notify { listening, .. } if listening.load(Ordering::SeqCst) => {
                self.local.load(Ordering::SeqCst)
            }
            RemoteChanges::Notify { .. } => self.unique(),
        }
    }

    /// Returns a different value at each call, so that nothing is cached while changes may be missed. The values count
    /// down from `u64::MAX`, so that they differ from all regular values.
    fn unique(&self) -> u64 {
        u64::MAX - self.local.fetch_add(1, Ordering::SeqCst)
    }

    /// Records a change by this process, or a received notification.
    pub(super) fn increment(&self) {
        self.local.fetch_add(1, Ordering::SeqCst);
    }

    /// Records whether the listener receives notifications. Each call also counts as a change, because notifications
    /// may have been lost before the call.
    pub(super) fn set_listening(&self, value: bool) {
        if let RemoteChanges::Notify { listening, .. } = &self.remote {
            self.increment();
            listening.store(value, Ordering::SeqCst);
        }
    }

    /// Records whether the server supports notifications. Without notifications, nothing is cached.
    pub(super) fn set_supported(&self, value: bool) {
        if let RemoteChanges::Notify { supported, .. } = &self.remote {
            supported.store(value, Ordering::SeqCst);
        }
    }

    /// Returns whether a transaction must notify other nodes.
    pub(super) fn notifies(&self) -> bool {
        matches!(&self.remote, RemoteChanges::Notify { supported, .. } if supported.load(Ordering::SeqCst))
    }

    /// SQLite: increments `user_version` in the open transaction and announces the new number. The transaction has the
    /// write lock, so the order of announcements is the order of commits.
    pub(super) fn increment_in(&self, conn: &mut Connection) -> Result<(), DbError> {
        let next = stored(conn)? + 1;
        conn.run(&format!("PRAGMA user_version = {next}"))?;
        self.announce(next)
            .map_err(|error| DbError::Unavailable(format!("cannot announce the change to other processes: {error}")))
    }

    /// SQLite: announces the stored number again if the announced number differs. A process may have crashed or failed
    /// to commit after its announcement. Requires the write lock, so that no other announcement is in progress.
    pub(super) fn repair(&self, conn: &mut Connection) -> Result<(), DbError> {
        if self.is_announced(conn)? {
            return Ok(());
        }
        self.announce(stored(conn)?).map_err(|error| DbError::Unavailable(error.to_string()))
    }

    /// SQLite: returns whether the announced number (the length of the file `<database>.changes`) is equal to the
    /// stored number (`user_version`).
    pub(super) fn is_announced(&self, conn: &mut Connection) -> Result<bool, DbError> {
        Ok(stored(conn)? == self.current())
    }

    fn announce(&self, number: u64) -> io::Result<()> {
        let RemoteChanges::File(path) = &self.remote else { return Ok(()) };
        // The file contains no data, so it needs no disk space even if its length is large.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?.set_len(number)
    }
}

/// Returns whether data from the snapshot of `conn` may be cached. `change_counter` must be a value of
/// [`super::Database::change_counter`] that was read before the snapshot began. On SQLite, returns `false` while a
/// change is announced but not committed.
pub(crate) fn may_cache(conn: &mut Connection, change_counter: u64) -> Result<bool, DbError> {
    match conn {
        Connection::Sqlite(_) => Ok(stored(conn)? >= change_counter),
        // PostgreSQL sends a notification after the commit, so the data is at least as new as the counter.
        Connection::Postgres(..) => Ok(true),
    }
}

/// Returns the number of committed administrative changes of a SQLite database.
fn stored(conn: &mut Connection) -> Result<u64, DbError> {
    let Connection::Sqlite(conn) = conn else {
        return Err(DbError::Database("only SQLite stores the change counter".to_owned()));
    };
    let number: i64 =
        diesel::select(sql::<BigInt>("(SELECT user_version FROM pragma_user_version)")).get_result(conn)?;
    Ok(u64::try_from(number).unwrap_or(0))
}
