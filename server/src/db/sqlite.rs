//! The embedded engine: one thread writes, a few read, one moves the log into the file.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    mem::ManuallyDrop,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};

use diesel::{
    Connection as _, SqliteConnection,
    connection::SimpleConnection,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_query,
    sql_types::BigInt,
    sqlite::Sqlite as Engine,
};

pub(super) mod inline_reader;

use self::inline_reader::InlineReader;
use super::{
    change_counter::ChangeCounter,
    connection::Connection,
    error::DbError,
    migrations::{self, SchemaChange},
    options::DatabaseOptions,
    process_lock::ProcessLock,
    queue::{Queue, Ran, Unit, Work},
    spawn,
};

/// 3.51.3: older ones may corrupt the file when a checkpoint meets a restarting log.
const OLDEST_VERSION: i32 = 3_051_003;
/// Units of work that share one commit, at most: more would only make the first ones wait.
const UNITS_PER_COMMIT: usize = 64;
/// After a commit that so many units shared, the next one waits for more to come: each commit costs as much as several units.
/// Whoever comes alone after that waits once.
const CROWD: usize = 4;
/// How long: a small part of what units wait anyway where there are so many.
const GATHER: Duration = Duration::from_micros(500);
/// How long a process waits for another one that turns the log on.
const TURN: Duration = Duration::from_millis(10);
/// The one that writes passes through all trees of the database for each ceremony, and finds most of their pages here: 48 MiB.
const WRITER_CACHE_KIB: u32 = 48 * 1024;
/// How often the log is moved into the file.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);
/// From so many pages on the log begins anew, which makes writers wait a little: 64 MiB. It is not cut: written again, its
/// blocks need not be found again.
const LOG_LIMIT_PAGES: i64 = 16 * 1024;
/// So few pages left to be moved make nobody wait long.
const FEW_PAGES: i64 = 200;
/// How often it is tried to get there in one round.
const TRIES: u32 = 4;

/// An open file and the threads that serve it.
pub(super) struct Sqlite {
    pub(super) inline_reader: InlineReader,
    pub(super) reads: Arc<Queue>,
    pub(super) writes: Arc<Queue>,
    /// Dropped to stop the checkpoints.
    pub(super) checkpoints: mpsc::Sender<()>,
    pub(super) threads: Vec<JoinHandle<()>>,
    /// Kept while the file is open.
    pub(super) process_lock: ProcessLock,
}

/// Opens the file, makes it where there is none, and brings its schema up to date.
pub(super) fn open(
    path: &Path,
    options: &DatabaseOptions,
    change_counter: &Arc<ChangeCounter>,
) -> Result<Sqlite, DbError> {
    check_version()?;
    create(path)?;
    let process_lock = ProcessLock::shared(path)?;
    let busy = options.busy_timeout;
    change_schema(path, busy, SchemaChange::Up)?;
    // Also ends what a process that died between its commit and its announcement left unsaid.
    change_counter.notify().map_err(|error| unavailable(path, &error))?;

    let reads = Queue::new(options.read_queue, options.wait);
    let writes = Queue::new(options.write_queue, options.wait);
    let written = Arc::new(AtomicBool::new(true));
    let mut threads = Vec::new();

    let mut conn = Connection::Sqlite(connect(path, busy)?);
    conn.run(&format!("PRAGMA cache_size = -{WRITER_CACHE_KIB}"))?;
    let rest = Arc::new(AtomicBool::new(false));
    let (queue, change_counter) = (Arc::clone(&writes), Arc::clone(change_counter));
    let (flag, asked) = (Arc::clone(&written), Arc::clone(&rest));
    threads.push(spawn("store-write", move || write(conn, &queue, &change_counter, &flag, &asked))?);

    let reader = || {
        let mut conn = Connection::Sqlite(connect(path, busy)?);
        conn.run("PRAGMA query_only = ON; PRAGMA cache_size = -8192")?;
        Ok::<_, DbError>(conn)
    };
    let mut inline_readers = Vec::new();
    for _ in 0..options.readers.max(1) {
        inline_readers.push(reader()?);
        let (conn, queue) = (reader()?, Arc::clone(&reads));
        threads.push(spawn("store-read", move || read(conn, &queue))?);
    }

    let (checkpoints, stop) = mpsc::channel();
    let (conn, file) = (connect(path, busy)?, Synced { path: path.to_path_buf(), file: None });
    threads.push(spawn("store-checkpoint", move || checkpoint(conn, file, &written, &rest, &stop))?);
    Ok(Sqlite { inline_reader: InlineReader::new(inline_readers), reads, writes, checkpoints, threads, process_lock })
}

/// Applies, reverts or lists migrations, alone: other processes wait.
pub(crate) fn change_schema(path: &Path, busy: Duration, change: SchemaChange) -> Result<Vec<String>, DbError> {
    let mut conn = connect(path, busy)?;
    // An index of ten million rows is sorted on disk: in memory, that takes gigabytes.
    conn.batch_execute("PRAGMA temp_store = FILE")?;
    conn.immediate_transaction(|conn| migrations::change(conn, migrations::SQLITE, change))
}

fn check_version() -> Result<(), DbError> {
    if libsqlite3_sys::SQLITE_VERSION_NUMBER < OLDEST_VERSION {
        return Err(DbError::Database("Doorward needs SQLite 3.51.3 or newer".to_owned()));
    }
    Ok(())
}

/// Makes the file, for nobody else to read; SQLite gives the files beside it the same mode.
pub(crate) fn create(path: &Path) -> Result<(), DbError> {
    let failed = |error: std::io::Error| unavailable(path, &error);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    for file in [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::set_permissions(&file, Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(())
}

fn unavailable(path: &Path, error: &dyn std::fmt::Display) -> DbError {
    DbError::Unavailable(format!("{}: {error}", path.display()))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(crate) fn connect(path: &Path, busy: Duration) -> Result<SqliteConnection, DbError> {
    let name = path.to_str().ok_or_else(|| unavailable(path, &"the path is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(name).map_err(|error| unavailable(path, &error))?;
    // The busy timeout comes first: turning the log on may have to wait, too. What a savepoint would undo stays in memory.
    let settings = format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF; \
         PRAGMA temp_store = MEMORY;",
        busy.as_millis()
    );
    let mut waited = Duration::ZERO;
    loop {
        match conn.batch_execute(&settings).map_err(DbError::from) {
            // Where two processes turn the log on at the same moment, SQLite sends one away at once, lest they wait for each
            // other: whatever the busy timeout is.
            Err(DbError::Unavailable(_)) if waited < busy => {
                std::thread::sleep(TURN);
                waited += TURN;
            }
            set => return set.map(|()| conn),
        }
    }
}

/// Statements around each unit of work, compiled once for each connection.
macro_rules! statements {
    ($($name:ident = $sql:literal,)+) => {$(
        #[derive(Debug, Clone, Copy, QueryId)]
        struct $name;

        impl QueryFragment<Engine> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }

        impl RunQueryDsl<SqliteConnection> for $name {}
    )+};
}

statements! {
    Begin = "BEGIN DEFERRED",
    BeginImmediate = "BEGIN IMMEDIATE",
    Savepoint = "SAVEPOINT unit",
    Release = "RELEASE unit",
    Commit = "COMMIT",
}

fn run<S>(conn: &mut Connection, statement: S) -> Result<(), DbError>
where
    S: QueryFragment<Engine> + QueryId + RunQueryDsl<SqliteConnection>,
{
    match conn {
        Connection::Sqlite(conn) => Ok(statement.execute(conn).map(|_| ())?),
        Connection::Postgres(_) => Err(DbError::Database("SQLite's thread was given another engine".to_owned())),
    }
}

/// Serves reads, each on one consistent snapshot.
fn read(mut conn: Connection, queue: &Queue) {
    while let Some(unit) = queue.next() {
        if let Err(error) = begin_read(&mut conn) {
            unit.refuse(error);
            continue;
        }
        let ran = unit.run(&mut conn);
        end_read(&mut conn);
        (ran.reply)(Ok(()));
    }
}

pub(super) fn begin_read(conn: &mut Connection) -> Result<(), DbError> {
    run(conn, Begin)
}

/// Nothing was changed, so there is nothing to lose: a failure means that SQLite had ended the transaction already.
pub(super) fn end_read(conn: &mut Connection) {
    let _ = run(conn, Commit);
}

/// Serves writes: what has queued up shares one commit, and is answered after it.
fn write(mut conn: Connection, queue: &Queue, change_counter: &ChangeCounter, written: &AtomicBool, rest: &AtomicBool) {
    let mut crowded = false;
    while let Some(first) = queue.next() {
        if crowded {
            queue.closed_within(GATHER);
        }
        if rest.swap(false, Ordering::AcqRel)
            && let Err(error) = conn.run("PRAGMA wal_checkpoint(PASSIVE)")
        {
            tracing::debug!(%error, "checkpoint put off");
        }
        if let Err(error) = run(&mut conn, BeginImmediate) {
            first.refuse(error);
            continue;
        }
        let mut ran = Vec::with_capacity(UNITS_PER_COMMIT);
        let mut announces = false;
        let mut next = Some(first);
        let mut fate = Ok(());
        while let Some(unit) = next {
            let announcing = unit.work() == Work::WriteAndInvalidate;
            match alone(&mut conn, unit) {
                Ok(unit) => {
                    announces |= announcing && unit.keep;
                    ran.push(unit);
                }
                Err((unit, error)) => {
                    ran.extend(unit);
                    fate = Err(error);
                    break;
                }
            }
            next = if ran.len() < UNITS_PER_COMMIT { queue.next_now() } else { None };
        }
        if fate.is_ok() {
            fate = commit(&mut conn, change_counter, announces);
        }
        if fate.is_err() {
            let _ = conn.run("ROLLBACK");
        }
        written.store(true, Ordering::Release);
        crowded = ran.len() >= CROWD;
        for unit in ran {
            (unit.reply)(fate.clone());
        }
    }
}

/// Runs a unit in a savepoint of its own, so that it fails alone. An error means the whole transaction is lost:
/// SQLite itself rolls back when the disk is full or fails.
fn alone(conn: &mut Connection, unit: Box<dyn Unit>) -> Result<Ran, (Option<Ran>, DbError)> {
    if let Err(error) = run(conn, Savepoint) {
        unit.refuse(error.clone());
        return Err((None, error));
    }
    let ran = unit.run(conn);
    let end = if ran.keep { run(conn, Release) } else { conn.run("ROLLBACK TO unit; RELEASE unit") };
    match end {
        Ok(()) => Ok(ran),
        Err(error) => Err((Some(ran), error)),
    }
}

/// Commits. Others are told before, lest they never hear of it when this process dies in between, and after, when
/// they can see the change.
fn commit(conn: &mut Connection, change_counter: &ChangeCounter, announces: bool) -> Result<(), DbError> {
    let failed = |error: std::io::Error| DbError::Unavailable(format!("cannot announce a change: {error}"));
    if announces {
        change_counter.notify().map_err(failed)?;
    }
    run(conn, Commit)?;
    if announces {
        change_counter.increment();
        // It is committed: saying it failed would be wrong. The first announcement made others look already.
        if let Err(error) = change_counter.notify() {
            tracing::error!(%error, "other processes may not notice an administrative change");
        }
    }
    Ok(())
}

/// What a checkpoint found: pages of the log, and how many of them are in the file by now.
#[derive(QueryableByName)]
struct Checkpointed {
    #[diesel(sql_type = BigInt)]
    log: i64,
    #[diesel(sql_type = BigInt)]
    checkpointed: i64,
}

/// The file, to be made durable. It is opened when it is first needed and never closed: closing any descriptor of a file
/// gives up the locks that all other descriptors of the process, SQLite's too, hold on it (POSIX fcntl).
struct Synced {
    path: PathBuf,
    file: Option<ManuallyDrop<File>>,
}

impl Synced {
    fn sync(&mut self) -> std::io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => ManuallyDrop::new(File::open(&self.path)?),
        };
        self.file.insert(file).sync_data()
    }
}

/// Moves the log into the file now and then, so that no request has to.
fn checkpoint(
    mut conn: SqliteConnection,
    mut file: Synced,
    written: &AtomicBool,
    rest: &AtomicBool,
    stop: &mpsc::Receiver<()>,
) {
    while stop.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
        if written.swap(false, Ordering::AcqRel)
            && let Err(error) = move_log(&mut conn, &mut file, rest)
        {
            // Busy readers or another process's checkpoint: the next round goes on.
            tracing::debug!(%error, "checkpoint put off");
            written.store(true, Ordering::Release);
        }
    }
}

/// Moves what it can while writers go on. Only when all is moved can the log be written from its beginning again, and
/// writers who go on never let that be: when little is left, the one of this process is asked to move it itself. What was
/// moved by then is on the disk already, lest it wait for that, too.
fn move_log(conn: &mut SqliteConnection, file: &mut Synced, rest: &AtomicBool) -> QueryResult<()> {
    for round in 0..TRIES {
        let moved = sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result::<Checkpointed>(conn)?;
        if moved.log <= LOG_LIMIT_PAGES {
            break;
        }
        if round == 0 {
            if let Err(error) = file.sync() {
                tracing::debug!(%error, "the file was not made durable ahead of time");
            }
        } else if moved.log - moved.checkpointed <= FEW_PAGES {
            rest.store(true, Ordering::Release);
            break;
        }
    }
    Ok(())
}
