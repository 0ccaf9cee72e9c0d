//! PostgreSQL: worker threads with one connection each, and a thread that listens for changes by other nodes.

pub(super) mod connect;
pub(super) mod connection_url;
mod listen;
mod lock_state;
mod pipeline;
pub(super) mod pooler;
pub(super) mod runtime;
pub(super) mod session_state;
mod worker;

use std::{
    sync::{Arc, atomic::AtomicUsize, mpsc},
    time::Instant,
};

use diesel::connection::SimpleConnection as _;
use tokio::sync::watch;

pub(crate) use self::connect::Target;
use self::{
    connect::connect,
    listen::{Listener, LockAttempt},
    lock_state::LockState,
    pooler::Targets,
    worker::{Shared, Worker},
};
use super::{
    change_counter::ChangeCounter,
    connection::{Connection, PostgresConnection},
    error::DbError,
    migrations::{self, SchemaChange},
    opened::{Opened, Running},
    options::DatabaseOptions,
    process_lock,
    queue::Queue,
    thread::spawn,
};

/// Key of the advisory lock that a node holds while it changes the schema: "doorward" in ASCII.
const SCHEMA_LOCK: i64 = 0x646f_6f72_7761_7264;
/// Statements for a session that reads or writes whole tables.
const WITHOUT_LIMITS: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = on";

/// Takes the process lock, applies pending migrations and starts the threads. See [`super::Database::open_if`].
pub(super) fn open<E: From<DbError>>(
    targets: &Targets,
    options: &DatabaseOptions,
    change_counter: &Arc<ChangeCounter>,
    check: impl FnOnce(Option<&mut Connection>) -> Result<(), E>,
) -> Result<Opened, E> {
    let Targets { pool, direct } = targets;
    pooler::check(targets)?;
    let (stop, stopped) = watch::channel(());
    let (sender, lock_attempts) = mpsc::channel();
    let lock = Arc::new(LockState::new(options.wait));
    let listener = {
        let (target, change_counter, lock) = (Arc::clone(direct), Arc::clone(change_counter), Arc::clone(&lock));
        let listener = Listener { target, change_counter, lock, exclusive: options.exclusive };
        spawn("db-listen", move || listener.run(&stopped, &sender))?
    };
    // Nothing is changed until the process lock is held, because `migrate-storage` may be moving the data.
    match lock_attempts.recv() {
        Ok(LockAttempt::Held) => {}
        Ok(LockAttempt::Refused) => return Err(process_lock::refused(options.exclusive).into()),
        // If the server cannot be reached, the error of `connect` names the reason.
        Ok(LockAttempt::Unknown) | Err(_) => {
            connect(direct)?;
            return Err(DbError::Unavailable("cannot take the process lock".to_owned()).into());
        }
    }
    check(Some(&mut Connection::postgres(connect(direct)?)))?;
    change_schema(direct, SchemaChange::Up)?;
    let units = Queue::with_limits(options.read_queue, options.write_queue, options.wait);
    let connected = Arc::new(AtomicUsize::new(0));
    let mut threads = Vec::new();
    for number in 0..options.connections.max(1) {
        let shared = Shared {
            target: Arc::clone(pool),
            change_counter: Arc::clone(change_counter),
            queue: Arc::clone(&units),
            lock: Arc::clone(&lock),
            connected: Arc::clone(&connected),
        };
        let worker = Worker::new(shared, number);
        threads.push(spawn("db-postgres", move || worker.run())?);
    }
    let running = Running { threads, background: listener, stop: Box::new(stop), process_lock: None };
    Ok(Opened {
        inline_reader: None,
        reads: Arc::clone(&units),
        writes: units,
        connected: Some(connected),
        running,
        space: None,
    })
}

/// Takes the exclusive process lock. Returns a connection without timeouts and the connection that holds the lock, or
/// `None` if other processes use the database. PostgreSQL may take a moment to end the session of a process that has
/// ended. The attempt is therefore repeated for [`process_lock::SESSION_END`].
pub(crate) fn connect_exclusively(
    target: &Target,
) -> Result<Option<(PostgresConnection, PostgresConnection)>, DbError> {
    pooler::check_direct(target)?;
    let mut guard = connect(target)?;
    let lock = format!("pg_try_advisory_lock({})", process_lock::ADVISORY_LOCK);
    let lock = || diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&lock));
    let start = Instant::now();
    while !diesel::RunQueryDsl::get_result::<bool>(lock(), &mut guard)? {
        if start.elapsed() >= process_lock::SESSION_END {
            return Ok(None);
        }
        std::thread::sleep(process_lock::RETRY_INTERVAL);
    }
    let mut conn = connect(target)?;
    conn.batch_execute(WITHOUT_LIMITS)?;
    Ok(Some((conn, guard)))
}

/// Connects to another system's database and begins a read-only transaction, which reads one snapshot and has no time
/// limits. Must be called on a thread without an async runtime.
pub(crate) fn connect_to_read(url: &str, options: &DatabaseOptions) -> Result<PostgresConnection, DbError> {
    let mut conn = connect(&Target::new(url, options)?)?;
    let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1";
    conn.batch_execute(&format!("{WITHOUT_LIMITS}; {begin}"))?;
    Ok(conn)
}

/// Applies, reverts or lists migrations while it holds [`SCHEMA_LOCK`]. Other nodes wait for this lock.
pub(crate) fn change_schema(target: &Target, change: SchemaChange) -> Result<Vec<String>, DbError> {
    let mut conn = connect(target)?;
    // PostgreSQL releases the lock when the connection is closed.
    conn.batch_execute(&format!("SET statement_timeout = 0; SELECT pg_advisory_lock({SCHEMA_LOCK})"))?;
    migrations::change(&mut conn, migrations::POSTGRES, change)
}
