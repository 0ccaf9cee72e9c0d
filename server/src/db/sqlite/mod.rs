//! SQLite: one thread writes, a few threads read, and one thread runs checkpoints.

pub(super) mod backup;
mod checkpoint;
mod connect;
mod file_id;
pub(super) mod inline_reader;
pub(super) mod owner;
pub(super) mod space;
mod transaction;
mod write_back;
mod write_turns;
mod writer;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use diesel::connection::SimpleConnection as _;

use self::{
    checkpoint::Checkpointer, inline_reader::InlineReader, space::Space, write_turns::WriteTurns, writer::Writer,
};
pub(crate) use self::{
    connect::{connect, create_file},
    file_id::check as check_file_id,
    owner::check as check_owner,
};
use super::{
    change_counter::ChangeCounter,
    connection::Connection,
    error::DbError,
    migrations::{self, SchemaChange},
    opened::{Opened, Running},
    options::DatabaseOptions,
    process_lock::ProcessLock,
    queue::Queue,
    thread::spawn,
};

/// Minimum version of SQLite. Older versions may corrupt the file when a checkpoint runs while the WAL restarts.
const MIN_VERSION: i32 = 3_051_003;
/// Cache size of the writer. It is large, because the writes of a ceremony touch most B-trees of the database.
const WRITER_CACHE_KIB: u32 = 48 * 1024;

/// Opens the file, creates it if it is missing, and applies pending migrations. See [`super::Database::open_if`].
pub(super) fn open<E: From<DbError>>(
    path: &Path,
    options: &DatabaseOptions,
    change_counter: &Arc<ChangeCounter>,
    check: impl FnOnce(Option<&mut Connection>) -> Result<(), E>,
) -> Result<Opened, E> {
    if libsqlite3_sys::SQLITE_VERSION_NUMBER < MIN_VERSION {
        return Err(DbError::Database("Doorward needs SQLite 3.51.3 or newer".to_owned()).into());
    }
    let busy_timeout = options.busy_timeout;
    let take_lock = || if options.exclusive { ProcessLock::exclusive(path) } else { ProcessLock::shared(path) };
    let process_lock = if path.exists() {
        // The lock file must not be created beside the file of another program.
        owner::check(path)?;
        let lock = take_lock()?;
        file_id::check(path)?;
        check(Some(&mut Connection::Sqlite(connect(path, busy_timeout)?)))?;
        lock
    } else {
        check(None)?;
        create_file(path)?;
        take_lock()?
    };
    change_schema(path, busy_timeout, SchemaChange::Up)?;
    file_id::record(path, &mut connect(path, busy_timeout)?)?;

    let reads = Queue::new(options.read_queue, options.wait);
    let writes = Queue::new(options.write_queue, options.wait);
    let mut threads = Vec::new();

    let space = Arc::new(Space::new(path, options.wal_limit));
    let mut conn = connect(path, busy_timeout)?;
    // A checkpoint that truncates the WAL file holds the write lock while it waits for reads. It is tried again later.
    conn.batch_execute("PRAGMA busy_timeout = 50").map_err(DbError::from)?;
    let checkpointer = Checkpointer::new(path, conn, Arc::clone(&space));
    let mut conn = Connection::Sqlite(connect(path, busy_timeout)?);
    conn.run(&format!(
        "PRAGMA cache_size = -{WRITER_CACHE_KIB}; PRAGMA busy_timeout = 0; PRAGMA journal_size_limit = {}",
        space.large_wal()
    ))?;
    // If another process has the write lock, the writer's first transaction repairs the change counter instead.
    if !change_counter.is_announced(&mut conn)? && transaction::begin_write(&mut conn).is_ok() {
        let _ = change_counter.repair(&mut conn);
        conn.run("ROLLBACK")?;
    }
    let (queue, counter, requests) = (Arc::clone(&writes), Arc::clone(change_counter), checkpointer.requests());
    let writer = Writer::new(conn, queue, counter, requests, Arc::clone(&space), WriteTurns::new(path), busy_timeout);
    threads.push(spawn("db-write", move || writer.run())?);

    let reader = || {
        let mut conn = Connection::Sqlite(connect(path, busy_timeout)?);
        conn.run("PRAGMA query_only = ON; PRAGMA cache_size = -8192")?;
        Ok::<_, DbError>(conn)
    };
    let mut inline_readers = Vec::new();
    for _ in 0..options.readers.max(1) {
        inline_readers.push(reader()?);
        let (conn, queue) = (reader()?, Arc::clone(&reads));
        threads.push(spawn("db-read", move || read(conn, &queue))?);
    }

    let (stop, stopped) = mpsc::channel::<()>();
    let background = spawn("db-checkpoint", move || checkpointer.run(&stopped))?;
    let inline_reader = Some(InlineReader::new(inline_readers));
    let running = Running { threads, background, stop: Box::new(stop), process_lock: Some(process_lock) };
    Ok(Opened { inline_reader, reads, writes, connected: None, running, space: Some(space) })
}

/// Applies, reverts or lists migrations in one transaction. Other processes wait until the transaction ends. Takes no
/// write lock if no migration is pending, so that commands need not wait for a busy server.
pub(crate) fn change_schema(path: &Path, busy_timeout: Duration, change: SchemaChange) -> Result<Vec<String>, DbError> {
    let mut conn = connect(path, busy_timeout)?;
    if change != SchemaChange::DownAll {
        let pending = migrations::change(&mut conn, migrations::SQLITE, SchemaChange::ListPending)?;
        if change == SchemaChange::ListPending || (pending.is_empty() && change == SchemaChange::Up) {
            return Ok(pending);
        }
    }
    // Temporary data is kept in files, because creating an index on ten million rows in memory needs gigabytes.
    conn.batch_execute("PRAGMA temp_store = FILE")?;
    conn.immediate_transaction(|conn| migrations::change(conn, migrations::SQLITE, change))
}

/// Serves reads, each on one consistent snapshot.
fn read(mut conn: Connection, queue: &Queue) {
    while let Some(mut unit) = queue.next() {
        match transaction::begin_read(&mut conn) {
            Ok(()) => {
                unit.run(&mut conn);
                transaction::end_read(&mut conn);
                unit.finish(Ok(()));
            }
            Err(error) => unit.refuse(error),
        }
    }
}
