//! A connection to either engine, and the macro that compiles one query for both engines.

use diesel::{SqliteConnection, connection::SimpleConnection};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::{
    cached_sql::{Bind, CachedSql},
    error::DbError,
    migrations::{self, SchemaChange},
    postgres::{runtime::ThreadRuntime, session_state::SessionState},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Returns the engine's name for logs and health reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A PostgreSQL connection with diesel's blocking interface. It does not use libpq.
pub type PostgresConnection = AsyncConnectionWrapper<AsyncPgConnection, ThreadRuntime>;

/// Number of rows per counter on PostgreSQL, a power of two. Each connection adds to one of these rows, so that
/// transactions of one tenant rarely wait for each other. The number must not change: the deletion of an audit entry
/// subtracts from the row that the entry's id selects.
pub(crate) const COUNTER_SHARDS: u8 = 8;
const _: () = assert!(COUNTER_SHARDS.is_power_of_two());

/// The two statements that add to the counters of a table, one for each engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addition {
    /// Adds to one counter. The last bind is the amount; the binds before it are the counter's key.
    pub(crate) sqlite: &'static str,
    /// Adds to several counters; see [`super::columns_sql::ColumnsSql`]. Each column holds the values of one bind of
    /// `sqlite`.
    pub(crate) postgres: &'static str,
}

/// A connection inside a unit of work.
#[expect(clippy::large_enum_variant, reason = "there is one per thread and it is rarely moved")]
pub enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PostgresConnection, SessionState),
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.engine().as_str())
    }
}

impl Connection {
    pub(crate) fn postgres(conn: PostgresConnection) -> Self {
        Self::Postgres(conn, SessionState::default())
    }

    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(..) => Engine::Postgres,
        }
    }

    pub(super) fn ping(&mut self) -> Result<(), DbError> {
        // The query names a table, because on SQLite a SELECT without a table succeeds without reading the file.
        let table = if self.engine() == Engine::Sqlite { "sqlite_schema" } else { "pg_class" };
        self.run(&format!("SELECT 1 FROM {table} LIMIT 1"))
    }

    /// Returns the versions of the migrations that are not applied. The caller must hold the process lock.
    pub(crate) fn pending_migrations(&mut self) -> Result<Vec<String>, DbError> {
        match self {
            Self::Sqlite(conn) => pending(conn, migrations::SQLITE),
            Self::Postgres(conn, _) => pending(conn, migrations::POSTGRES),
        }
    }

    /// Lets the statements in `read` scan whole tables if PostgreSQL expects that an index would take longer. Do not
    /// use it for statements that find a few rows: the session keeps their plans, so other transactions would then scan
    /// whole tables too.
    pub(crate) fn with_table_scans<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        if self.engine() == Engine::Sqlite {
            return read(self);
        }
        self.run("SET LOCAL enable_seqscan = on")?;
        let result = read(self)?;
        self.run("SET LOCAL enable_seqscan = off")?;
        Ok(result)
    }

    /// Adds to a counter: on SQLite at once, on PostgreSQL just before the commit, together with the other additions of
    /// the transaction.
    pub(crate) fn add(&mut self, addition: Addition, mut key: Vec<Bind<'static>>, amount: i64) -> Result<(), DbError> {
        match self {
            Self::Sqlite(conn) => {
                key.push(amount.into());
                diesel::RunQueryDsl::execute(CachedSql::<()>::new(addition.sqlite).bind_all(key), conn)?;
            }
            Self::Postgres(_, state) => state.add(addition.postgres, key, amount),
        }
        Ok(())
    }

    /// Rolls back the transaction of a PostgreSQL connection.
    pub(super) fn roll_back(&mut self) -> Result<(), DbError> {
        if let Self::Postgres(_, state) = self {
            state.roll_back();
        }
        self.run("ROLLBACK")
    }

    /// Returns the number of the counter shard to which this connection adds, below [`COUNTER_SHARDS`].
    pub(crate) const fn shard(&self) -> i16 {
        match self {
            Self::Sqlite(_) => 0,
            Self::Postgres(_, state) => state.shard(),
        }
    }

    /// Runs `change`, which changes or deletes secrets. While `change` runs, SQLite overwrites deleted data with zeros.
    /// Otherwise, the deleted data would stay in the file until its space is reused. Overwriting is off by default,
    /// because it writes pages that a normal deletion only marks as free.
    pub(crate) fn erasing<T>(&mut self, change: impl FnOnce(&mut Self) -> Result<T, DbError>) -> Result<T, DbError> {
        if self.engine() != Engine::Sqlite {
            return change(self);
        }
        self.run("PRAGMA secure_delete = ON")?;
        let result = change(self);
        let reset = self.run("PRAGMA secure_delete = OFF");
        result.and_then(|value| reset.map(|()| value))
    }

    /// Executes statements that have no binds and return no rows.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(), DbError> {
        on_engine!(self, c, _Db => c.batch_execute(sql)).map_err(DbError::from)
    }
}

/// Lists pending migrations in a transaction and rolls it back, because diesel creates the table of applied migrations
/// if it is missing.
fn pending<C: diesel::Connection + MigrationHarness<C::Backend>>(
    conn: &mut C,
    source: EmbeddedMigrations,
) -> Result<Vec<String>, DbError> {
    let mut pending = Ok(Vec::new());
    let rolled_back = conn.transaction(|conn| {
        pending = migrations::change(conn, source, SchemaChange::ListPending);
        Err::<(), _>(diesel::result::Error::RollbackTransaction)
    });
    match rolled_back {
        Ok(()) | Err(diesel::result::Error::RollbackTransaction) => pending,
        Err(error) => Err(error.into()),
    }
}

/// Compiles an expression for each engine: `on_engine!(conn, c, Db => query.load(c))`. `Db` is the type of the backend,
/// which boxed queries need.
macro_rules! on_engine {
    ($conn:expr, $c:ident, $db:ident => $body:expr) => {
        match $conn {
            $crate::db::Connection::Sqlite($c) => {
                #[allow(dead_code, reason = "only boxed queries name the backend")]
                type $db = diesel::sqlite::Sqlite;
                $body
            }
            $crate::db::Connection::Postgres($c, _) => {
                #[allow(dead_code, reason = "only boxed queries name the backend")]
                type $db = diesel::pg::Pg;
                $body
            }
        }
    };
}
pub(crate) use on_engine;
