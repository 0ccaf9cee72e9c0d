//! PostgreSQL: a few threads, each with its connection, and one that listens for other nodes' changes.

mod connect;
mod listen;
mod worker;

use std::{
    sync::{Arc, atomic::AtomicUsize, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use diesel_async::{AsyncPgConnection, async_connection_wrapper::BlockOn};
use tokio::{runtime::Runtime, sync::watch};

pub(crate) use self::connect::Target;
use self::{listen::LockAttempt, worker::Worker};
use super::{
    change_counter::ChangeCounter,
    connection::{Connection, PostgresConnection},
    error::DbError,
    migrations::{self, SchemaChange},
    options::DatabaseOptions,
    process_lock,
    queue::Queue,
    spawn,
};

/// The channel on which nodes tell each other of changes.
const CHANNEL: &str = "doorward_changes";
/// The key of the lock under which one node changes the schema: "doorward" in ASCII.
const SCHEMA_LOCK: i64 = 0x646f_6f72_7761_7264;
/// How long a thread does not try to connect again after it could not.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(2);

/// The runtime a connection lives on: its thread's own, so that no query crosses threads.
pub struct ThreadRuntime(Arc<Runtime>);

thread_local! {
    static RUNTIME: Option<Arc<Runtime>> =
        tokio::runtime::Builder::new_current_thread().enable_all().build().ok().map(Arc::new);
}

impl ThreadRuntime {
    fn of_thread() -> Result<Self, DbError> {
        let runtime = RUNTIME.with(Clone::clone);
        runtime.map(Self).ok_or_else(|| DbError::Unavailable("no runtime for a connection".to_owned()))
    }
}

impl std::fmt::Debug for ThreadRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ThreadRuntime")
    }
}

impl BlockOn for ThreadRuntime {
    fn block_on<F: Future>(&self, f: F) -> F::Output {
        self.0.block_on(f)
    }

    #[expect(clippy::expect_used, reason = "the trait has no error, and `connect` asked for the runtime before")]
    fn get_runtime() -> Self {
        Self::of_thread().expect("a connection is only made on a thread that has a runtime")
    }
}

/// A server and the threads that speak to it.
pub(super) struct Postgres {
    /// Reads and writes share the connections, not the queue's room.
    pub(super) units: Arc<Queue>,
    /// Dropped to stop listening.
    pub(super) stop: watch::Sender<()>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

/// Connects, and brings the schema up to date.
pub(super) fn open(
    target: &Arc<Target>,
    options: &DatabaseOptions,
    change_counter: &Arc<ChangeCounter>,
) -> Result<Postgres, DbError> {
    change_schema(target, SchemaChange::Up)?;
    let (stop, stopped) = watch::channel(());
    let (say, said) = mpsc::channel();
    let (heard, noted) = (Arc::clone(target), Arc::clone(change_counter));
    let listener = spawn("store-listen", move || {
        if let Ok(runtime) = ThreadRuntime::of_thread() {
            runtime.block_on(listen::listen(&heard, &noted, stopped, say));
        }
    })?;
    // Nothing is begun before this node is present, lest it write to what is being moved.
    match said.recv() {
        Ok(LockAttempt::Refused) => return Err(process_lock::migration_in_progress()),
        Ok(LockAttempt::Held | LockAttempt::Unknown) | Err(_) => {}
    }
    let units = Queue::new(options.read_queue.max(options.write_queue), options.wait);
    let connected = Arc::new(AtomicUsize::new(0));
    let mut threads = vec![listener];
    for _ in 0..options.connections.max(1) {
        let worker =
            Worker::new(Arc::clone(target), Arc::clone(change_counter), Arc::clone(&units), Arc::clone(&connected));
        threads.push(spawn("store-postgres", move || worker.run())?);
    }
    Ok(Postgres { units, stop, threads })
}

/// A connection for work that may take long, on which nobody else is present while the other one of the two lives; `None`
/// while others are.
pub(crate) fn connect_exclusively(
    target: &Target,
) -> Result<Option<(PostgresConnection, PostgresConnection)>, DbError> {
    let mut guard = connect(target)?;
    let lock = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&format!(
        "pg_try_advisory_lock({})",
        process_lock::ADVISORY_LOCK
    )));
    if !diesel::RunQueryDsl::get_result::<bool>(lock, &mut guard)? {
        return Ok(None);
    }
    let mut conn = connect(target)?;
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0",
    )?;
    Ok(Some((conn, guard)))
}

/// Applies, reverts or lists migrations, alone: other nodes wait.
pub(crate) fn change_schema(target: &Target, change: SchemaChange) -> Result<Vec<String>, DbError> {
    let mut conn = Connection::Postgres(connect(target)?);
    // The lock ends with the connection, whatever happens.
    conn.run(&format!("SET statement_timeout = 0; SELECT pg_advisory_lock({SCHEMA_LOCK})"))?;
    match &mut conn {
        Connection::Postgres(conn) => migrations::change(conn, migrations::POSTGRES, change),
        Connection::Sqlite(_) => Ok(Vec::new()),
    }
}

fn connect(target: &Target) -> Result<PostgresConnection, DbError> {
    let runtime = ThreadRuntime::of_thread()?;
    let conn: AsyncPgConnection = runtime.block_on(target.connect())?;
    Ok(PostgresConnection::from(conn))
}
