//! Units of work on SQLite or PostgreSQL: queues, connections, locks and migrations. The tables are defined in `store`.
//!
//! A unit of work is a closure that a [`Database`] runs. [`Database::read`] gives it one consistent snapshot.
//! [`Database::write`] gives it one transaction and returns after the durable commit. A queued unit runs even if its
//! caller is dropped. Never hash, sign or wait for the network in a unit, because this delays other units.
//!
//! A unit may run again if its transaction was certainly not committed. On PostgreSQL, it is retried at most twice,
//! after a conflict with another transaction or if the connection was lost before COMMIT was sent. If a unit of a
//! shared transaction failed, all units of this transaction run once more. On SQLite, a unit that failed may run once
//! more even if it did not share its transaction. A unit must therefore have no effect outside its transaction. A unit
//! is an [`Fn`], so it cannot change or consume what it captures. Create ids and secrets before the unit runs, so that
//! they stay the same.
//!
//! Every error of this layer is a [`DbError`]. A unit that received [`DbError::Database`] must return it, because
//! PostgreSQL has already aborted the transaction. After [`DbError::Duplicate`], the transaction can continue only if
//! the insert used ON CONFLICT DO NOTHING.

pub(crate) mod cached_sql;
mod change_counter;
pub(crate) mod columns_sql;
mod connection;
mod database_url;
mod error;
mod metrics;
mod migrations;
mod opened;
mod options;
mod paths;
pub(crate) mod postgres;
pub(crate) mod process_lock;
mod queue;
pub(crate) mod sqlite;
pub(crate) mod statement;
#[cfg(test)]
pub(crate) mod tests;
mod thread;
mod unit;
mod written;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use self::{
    change_counter::ChangeCounter,
    opened::{Opened, Running},
    postgres::{connect::Target, pooler::Targets},
    queue::Queue,
    sqlite::{inline_reader::InlineReader, space::Space},
    statement::{Query, Statement},
    unit::Work,
};
pub(crate) use self::{
    change_counter::may_cache,
    connection::{Addition, COUNTER_SHARDS, on_engine},
    migrations::SchemaChange,
    thread::run_blocking,
    written::Written,
};
pub use self::{
    connection::{Connection, Engine, PostgresConnection},
    database_url::{DatabaseUrl, DatabaseUrlError, HOME_NOT_EXPANDED},
    error::DbError,
    metrics::{DatabaseMetrics, QueueLoad},
    options::DatabaseOptions,
    postgres::runtime::ThreadRuntime,
};
use crate::traces;

/// Names of the tracing spans of units of work. Each span includes the time in the queue. Inline reads have no span.
const READ_SPAN: &str = "database read";
const WRITE_SPAN: &str = "database write";

/// Nice value of a backup thread (0 is the normal priority, 19 the lowest). On Linux, it applies to this thread only.
const BACKUP_PRIORITY: i32 = 10;

/// An open database. All clones refer to the same database.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    /// SQLite only.
    inline_reader: Option<InlineReader>,
    reads: Arc<Queue>,
    writes: Arc<Queue>,
    /// PostgreSQL only: number of connections of the pool that are open or being opened.
    connected: Option<Arc<AtomicUsize>>,
    change_counter: Arc<ChangeCounter>,
    location: Arc<Location>,
    /// SQLite only: state of the file, size of the write-ahead log, and free disk space.
    space: Option<Arc<Space>>,
    running: Mutex<Option<Running>>,
}

enum Location {
    Sqlite {
        path: PathBuf,
        busy_timeout: Duration,
    },
    /// Target of the direct URL.
    Postgres(Arc<Target>),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.engine().as_str())
    }
}

impl Database {
    /// Opens a database and applies pending migrations. Creates a SQLite file if it is missing.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] if the database cannot be reached, [`DbError::Database`] if a migration fails or the
    /// schema is newer than this program.
    pub async fn open(options: DatabaseOptions) -> Result<Self, DbError> {
        Self::open_if(options, |_| Ok(())).await
    }

    /// Like [`Database::open`], but first takes the process lock and calls `check` with the unchanged database. If
    /// `check` returns an error, the schema is not changed. The argument of `check` is `None` if the SQLite file does
    /// not exist.
    pub async fn open_if<E: From<DbError> + Send + 'static>(
        options: DatabaseOptions,
        check: impl FnOnce(Option<&mut Connection>) -> Result<(), E> + Send + 'static,
    ) -> Result<Self, E> {
        run_blocking(move || {
            let (change_counter, location, opened) = match &options.url {
                DatabaseUrl::Sqlite(path) => {
                    let path = sqlite_path(path)?;
                    let change_counter = Arc::new(ChangeCounter::with_file(&path));
                    let opened = sqlite::open(&path, &options, &change_counter, check)?;
                    (change_counter, Location::Sqlite { path, busy_timeout: options.busy_timeout }, opened)
                }
                DatabaseUrl::Postgres(url) => {
                    let change_counter = Arc::new(ChangeCounter::with_listener());
                    let targets = Targets::new(url, &options).map_err(DbError::from)?;
                    let opened = postgres::open(&targets, &options, &change_counter, check)?;
                    (change_counter, Location::Postgres(targets.direct), opened)
                }
            };
            let Opened { inline_reader, reads, writes, connected, running, space } = opened;
            let (location, running) = (Arc::new(location), Mutex::new(Some(running)));
            let inner = Inner { inline_reader, reads, writes, connected, change_counter, location, space, running };
            Ok(Self(Arc::new(inner)))
        })
        .await
    }

    /// Performs all checks of a database URL that need no connection.
    ///
    /// # Errors
    /// An error for a path that is a folder, an invalid PostgreSQL URL, or an unreadable file in `sslrootcert`.
    pub fn check_options(options: &DatabaseOptions) -> Result<(), DatabaseUrlError> {
        match &options.url {
            DatabaseUrl::Sqlite(path) if path.is_dir() => Err(DatabaseUrlError::Folder),
            DatabaseUrl::Sqlite(_) => Ok(()),
            DatabaseUrl::Postgres(url) => Target::new(url, options).map(drop),
        }
    }

    /// Performs all checks of [`DatabaseOptions::listen_url`] that need no connection.
    ///
    /// # Errors
    /// An error if the URL is invalid, or if the database is a SQLite file.
    pub fn check_listen_url(options: &DatabaseOptions) -> Result<(), DatabaseUrlError> {
        match (&options.listen_url, &options.url) {
            (None, _) => Ok(()),
            (Some(DatabaseUrl::Postgres(url)), DatabaseUrl::Postgres(_)) => Target::new(url, options).map(drop),
            (Some(_), _) => Err(DatabaseUrlError::ListenWithSqlite),
        }
    }

    /// Reads on one consistent snapshot.
    ///
    /// # Errors
    /// The error of the unit, or [`DbError::Unavailable`] if no connection became free in time.
    pub async fn read<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let _span = traces::child(READ_SPAN);
        Ok(self.0.reads.submit(Work::Read, f).await?.committed()?)
    }

    /// Like [`Database::read`], but only for reads of a few rows by key. On SQLite it runs on the calling thread if a
    /// connection is free, because such a read takes less time than a switch to another thread.
    pub async fn read_inline<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        match &self.0.inline_reader {
            Some(reader) => match reader.read(f) {
                Ok(result) => result,
                Err(f) => self.read(f).await,
            },
            None => self.read(f).await,
        }
    }

    /// Executes one statement that reads. On SQLite, it runs on the calling thread if a connection is free. On
    /// PostgreSQL, it shares one round trip with other statements.
    pub(crate) async fn query<Q: Query>(&self, query: Q) -> Result<Q::Output, DbError> {
        match self.engine() {
            Engine::Sqlite => {
                self.read_inline(move |conn| match conn {
                    Connection::Sqlite(conn) => query.on_sqlite(conn),
                    Connection::Postgres(..) => Err(DbError::Database("SQLite has another connection".to_owned())),
                })
                .await
            }
            Engine::Postgres => {
                let _span = traces::child(READ_SPAN);
                let read = self.0.reads.submit_shared(Work::Read, query, |_, output| Ok::<_, DbError>(output));
                read.await?.committed()
            }
        }
    }

    /// Creates a statement for [`Database::write_after`]. Returns `None` on SQLite, where every unit can share a
    /// transaction.
    pub(crate) fn shared<S: Statement>(
        &self,
        create: impl FnOnce() -> Result<S, DbError>,
    ) -> Result<Option<S>, DbError> {
        if self.engine() == Engine::Postgres { create().map(Some) } else { Ok(None) }
    }

    /// Like [`Database::write_with_outcome`], for a unit of work that begins with `statement`. On PostgreSQL, the
    /// statements of units that wait at the same time share a round trip and a transaction. If this transaction fails,
    /// each unit runs again in its own transaction, so an error of one unit undoes only that unit. The unit gets the
    /// response to its statement, or `None` if `statement` is `None`.
    ///
    /// # Errors
    /// Those of [`Database::write_with_outcome`] and of the statement.
    pub(crate) async fn write_after<S: Statement, T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        statement: Option<S>,
        f: impl Fn(&mut Connection, Option<S::Output>) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        match statement {
            None => self.write_with_outcome(move |conn| f(conn, None)).await,
            Some(statement) => {
                let _span = traces::child(WRITE_SPAN);
                let run = move |conn: &mut Connection, output| f(conn, Some(output));
                self.0.writes.submit_shared(Work::Write, statement, run).await
            }
        }
    }

    /// Writes in one transaction and returns after the durable commit. An error of the unit causes a rollback.
    ///
    /// # Errors
    /// The error of the unit; [`DbError::Unavailable`] if the transaction could not begin or the commit failed;
    /// [`DbError::CommitUnknown`] if the connection to PostgreSQL was lost during the commit.
    pub async fn write<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        Ok(self.write_with_outcome(f).await?.committed()?)
    }

    /// Like [`Database::write`], but returns the value of the unit if the connection was lost during the commit. The
    /// caller can then check whether the unit was committed.
    ///
    /// # Errors
    /// Those of [`Database::write`], except [`DbError::CommitUnknown`].
    pub(crate) async fn write_with_outcome<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        let _span = traces::child(WRITE_SPAN);
        self.0.writes.submit(Work::Write, f).await
    }

    /// Like [`Database::write`], but also changes the [`Database::change_counter`] of every process. Use it to change
    /// data that processes cache.
    pub async fn write_and_invalidate<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        Ok(self.write_and_invalidate_with_outcome(f).await?.committed()?)
    }

    /// Like [`Database::write_and_invalidate`], but reports the outcome as [`Database::write_with_outcome`] does.
    ///
    /// # Errors
    /// Those of [`Database::write_with_outcome`].
    pub(crate) async fn write_and_invalidate_with_outcome<T: Send + 'static, E: From<DbError> + Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        let _span = traces::child(WRITE_SPAN);
        self.0.writes.submit(Work::WriteAndInvalidate, f).await
    }

    /// Returns a number that changes after every [`Database::write_and_invalidate`] of any process; cached data is then
    /// stale. To cache data, read this number before the data. The unit of work that reads the data must pass the
    /// number to [`may_cache`]; cache the data only if the result is `true`.
    pub fn change_counter(&self) -> u64 {
        self.0.change_counter.current()
    }

    /// Returns the size of SQLite's write-ahead log in bytes; `None` on PostgreSQL.
    pub fn wal_bytes(&self) -> Option<u64> {
        self.0.space.as_ref().map(|space| space.wal_bytes())
    }

    /// Checks that there is space for more data. Always succeeds on PostgreSQL.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] if SQLite's file was moved or deleted, its write-ahead log is too large, or the disk is
    /// almost full.
    pub fn check_space(&self) -> Result<(), DbError> {
        self.0.space.as_ref().map_or(Ok(()), |space| space.check())
    }

    pub async fn ping(&self) -> Result<(), DbError> {
        self.read(Connection::ping).await
    }

    /// Sets the histograms of waiting times and commit times. Only the first call has an effect.
    pub fn instrument(&self, metrics: DatabaseMetrics) {
        self.0.reads.measurements.set(metrics.clone());
        self.0.writes.measurements.set(metrics);
    }

    /// Returns the name and the state of each queue. PostgreSQL has one queue for reads and writes.
    pub fn load(&self) -> Vec<(&'static str, QueueLoad)> {
        match self.engine() {
            Engine::Sqlite => vec![("read", self.0.reads.load()), ("write", self.0.writes.load())],
            Engine::Postgres => vec![("all", self.0.writes.load())],
        }
    }

    /// Returns the number of connections of the PostgreSQL pool that are open or being opened; `None` on SQLite.
    pub fn connected(&self) -> Option<usize> {
        self.0.connected.as_ref().map(|connected| connected.load(Ordering::Relaxed))
    }

    pub fn engine(&self) -> Engine {
        match *self.0.location {
            Location::Sqlite { .. } => Engine::Sqlite,
            Location::Postgres(_) => Engine::Postgres,
        }
    }

    /// Applies pending migrations and returns their versions.
    pub async fn migrate_up(&self) -> Result<Vec<String>, DbError> {
        self.change_schema(SchemaChange::Up).await
    }

    /// Reverts all migrations and returns their versions. This deletes all data.
    pub async fn migrate_down_all(&self) -> Result<Vec<String>, DbError> {
        self.change_schema(SchemaChange::DownAll).await
    }

    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbError> {
        self.change_schema(SchemaChange::ListPending).await
    }

    async fn change_schema(&self, change: SchemaChange) -> Result<Vec<String>, DbError> {
        let location = Arc::clone(&self.0.location);
        run_blocking(move || match &*location {
            Location::Sqlite { path, busy_timeout } => sqlite::change_schema(path, *busy_timeout, change),
            Location::Postgres(target) => postgres::change_schema(target, change),
        })
        .await
    }

    /// Rejects new units of work, finishes queued ones, and closes every connection.
    pub async fn close(&self) {
        self.0.close_queues();
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // Closing fails only if no thread can be started. The operating system then closes everything when the
            // process ends.
            let join = move || {
                running.join();
                Ok::<_, DbError>(())
            };
            let _ = run_blocking(join).await;
        }
    }
}

/// Returns the real path of a SQLite database. This path stays valid when the process changes its working directory.
pub(crate) fn sqlite_path(path: &Path) -> Result<PathBuf, DbError> {
    paths::resolve(path).map_err(|error| DbError::Unavailable(format!("{}: {error}", path.display())))
}

/// Calls `check` with a SQLite database, without creating or changing a file. The argument is `None` if the file does
/// not exist.
///
/// # Errors
/// The error of `check`, [`DbError::Foreign`], or [`DbError::Unavailable`] if the file cannot be read.
pub fn inspect_sqlite<E: From<DbError>>(
    database: &Path,
    check: impl FnOnce(Option<&mut Connection>) -> Result<(), E>,
) -> Result<(), E> {
    let path = sqlite_path(database)?;
    if !path.exists() {
        return check(None);
    }
    check(Some(&mut Connection::Sqlite(sqlite::owner::open_unchanged(&path)?)))
}

/// Writes a copy of a SQLite database to a new file and returns the file's size in bytes. Servers may use the database
/// in the meantime. Calls `finish` with the path of the complete copy before the copy gets its final name.
///
/// # Errors
/// The error of `finish`, or [`DbError::Unavailable`] if `to` exists or a file cannot be read or written.
pub async fn back_up_sqlite<E: From<DbError> + Send + 'static>(
    database: PathBuf,
    to: PathBuf,
    busy_timeout: Duration,
    finish: impl FnOnce(&Path) -> Result<(), E> + Send + 'static,
) -> Result<u64, E> {
    run_blocking(move || {
        // Requests have priority over the backup. If the system refuses the lower priority, requests and the backup
        // have the same priority.
        let _ = rustix::process::setpriority_process(None, BACKUP_PRIORITY);
        sqlite::backup::backup(&sqlite_path(&database)?, &sqlite_path(&to)?, busy_timeout, finish)
    })
    .await
}

/// Checks the integrity of a backup and calls `read` with the backup. Does not change the file.
///
/// # Errors
/// The error of `read`, or [`DbError::Unavailable`] if the file cannot be read or is damaged.
pub fn read_backup<T, E: From<DbError>>(
    backup: &Path,
    read: impl FnOnce(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    read(&mut Connection::Sqlite(sqlite::backup::open_backup(backup)?))
}

/// Copies a backup to the path of a SQLite database. No database may exist at this path. Calls `accept` with the copy
/// before the copy gets its final name. Returns the size of the copy in bytes.
///
/// # Errors
/// The error of `accept`, or a [`DbError`] if the database exists or the backup is damaged.
pub async fn restore_sqlite<E: From<DbError> + Send + 'static>(
    from: PathBuf,
    database: PathBuf,
    accept: impl FnOnce(&mut Connection) -> Result<(), E> + Send + 'static,
) -> Result<u64, E> {
    let restore = move || Ok(sqlite::backup::restore(&from, &sqlite_path(&database)?, accept));
    run_blocking(restore).await?
}

impl Inner {
    fn close_queues(&self) {
        if let Some(reader) = &self.inline_reader {
            reader.close();
        }
        self.reads.close();
        self.writes.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close_queues();
    }
}
