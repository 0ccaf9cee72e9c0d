//! A connection to one of the two databases, and the statements that differ between the engines.

use std::{path::PathBuf, time::Duration};

use diesel::{RunQueryDsl as _, sql_types::Text};

use super::{
    statements::Statements,
    tables::Table,
    types::{CHECKPOINT, Checkpoint, Role, TransferError},
};
use crate::{
    db::{
        Connection, DatabaseOptions, DatabaseUrl, DbError, Engine, PostgresConnection, SchemaChange, on_engine,
        postgres::{self, Target},
        process_lock::ProcessLock,
        sqlite, sqlite_path,
    },
    store::installation,
};

/// A database that is locked for the transfer.
pub(super) struct Endpoint {
    role: Role,
    conn: Connection,
    locked: Locked,
}

/// The location of the database, and a lock that prevents other processes from opening it.
enum Locked {
    File { path: PathBuf, busy_timeout: Duration, _lock: ProcessLock },
    Session { target: Box<Target>, _guard: Box<PostgresConnection> },
}

#[derive(diesel::QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Endpoint {
    /// Opens and locks a database, without changing its schema.
    pub(super) fn open(role: Role, options: &DatabaseOptions) -> Result<Self, TransferError> {
        let failed = |error| TransferError::Database(role, error);
        let (conn, locked) = match &options.url {
            DatabaseUrl::Sqlite(path) => {
                let path = &sqlite_path(path).map_err(failed)?;
                if role == Role::Source && !path.exists() {
                    return Err(TransferError::NoInstallation);
                }
                if path.exists() {
                    sqlite::check_owner(path).map_err(failed)?;
                }
                sqlite::create_file(path).map_err(failed)?;
                let lock = ProcessLock::try_exclusive(path).map_err(failed)?.ok_or(TransferError::InUse(role))?;
                sqlite::check_file_id(path).map_err(failed)?;
                let busy_timeout = options.busy_timeout;
                let mut conn = Connection::Sqlite(sqlite::connect(path, busy_timeout).map_err(failed)?);
                // A checkpoint after every 4 MiB keeps the WAL small. No reader delays the checkpoints, because no
                // other process uses the database.
                conn.run("PRAGMA wal_autocheckpoint = 1000; PRAGMA temp_store = FILE").map_err(failed)?;
                (conn, Locked::File { path: path.clone(), busy_timeout, _lock: lock })
            }
            DatabaseUrl::Postgres(url) => {
                let target = Target::new(url, options).map_err(|error| failed(error.into()))?;
                let both = postgres::connect_exclusively(&target).map_err(failed)?;
                let (conn, guard) = both.ok_or(TransferError::InUse(role))?;
                (Connection::postgres(conn), Locked::Session { target: Box::new(target), _guard: Box::new(guard) })
            }
        };
        Ok(Self { role, conn, locked })
    }

    /// Applies pending migrations.
    pub(super) fn migrate(&self) -> Result<(), TransferError> {
        let applied = match &self.locked {
            Locked::File { path, busy_timeout, .. } => {
                sqlite::change_schema(path, *busy_timeout, SchemaChange::UpToSameSchema)
            }
            Locked::Session { target, .. } => postgres::change_schema(target, SchemaChange::UpToSameSchema),
        };
        applied.map(drop).map_err(|error| self.error(error))
    }

    pub(super) const fn engine(&self) -> Engine {
        self.conn.engine()
    }

    pub(super) fn error(&self, error: impl Into<DbError>) -> TransferError {
        TransferError::Database(self.role, error.into())
    }

    /// Runs a query with at most one parameter (`?1` or `$1`). Returns the column `value` of all rows.
    pub(super) fn texts(&mut self, sql: &str, parameter: Option<&str>) -> Result<Vec<String>, TransferError> {
        let query = || diesel::sql_query(sql);
        let rows = match parameter {
            Some(text) => on_engine!(&mut self.conn, c, _Db => query().bind::<Text, _>(text).load::<Value>(c)),
            None => on_engine!(&mut self.conn, c, _Db => query().load::<Value>(c)),
        };
        Ok(rows.map_err(|error| self.error(error))?.into_iter().map(|row| row.value).collect())
    }

    /// Reads the batch of rows after a key, or the first batch if `after` is `None`.
    pub(super) fn batch(&mut self, statements: &Statements, after: Option<&str>) -> Result<Vec<String>, TransferError> {
        match after {
            None => self.texts(&statements.first, None),
            Some(key) => self.texts(&statements.next, Some(key)),
        }
    }

    pub(super) fn execute(&mut self, sql: &str, parameter: &str) -> Result<(), TransferError> {
        let query = || diesel::sql_query(sql).bind::<Text, _>(parameter);
        let result = on_engine!(&mut self.conn, c, _Db => query().execute(c));
        result.map(drop).map_err(|error| self.error(error))
    }

    pub(super) fn run(&mut self, sql: &str) -> Result<(), TransferError> {
        self.conn.run(sql).map_err(|error| self.error(error))
    }

    pub(super) fn write<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        self.run(match self.engine() {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        })?;
        let changed = change(self).and_then(|value| self.run("COMMIT").map(|()| value));
        if changed.is_err() {
            // If the rollback fails, the database rolls back when the connection is closed.
            let _ = self.conn.run("ROLLBACK");
        }
        changed
    }

    /// Returns a named value of the installation; `None` if the value is missing or the schema was never migrated.
    pub(super) fn installation(&mut self, name: &str) -> Result<Option<String>, TransferError> {
        let value = match installation::table_exists(&mut self.conn) {
            Ok(true) => installation::get(&mut self.conn, name),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        value.map_err(|error| self.error(error))
    }

    pub(super) fn put_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TransferError> {
        let text =
            serde_json::to_string(checkpoint).map_err(|error| self.error(DbError::Corrupt(error.to_string())))?;
        installation::put(&mut self.conn, CHECKPOINT, &text).map_err(|error| self.error(error))
    }

    pub(super) fn count(&mut self, table: Table) -> Result<u64, TransferError> {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {}{}", table.name(), condition(table));
        let texts = self.texts(&sql, None)?;
        texts
            .first()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.error(DbError::Corrupt(format!("the number of rows of {}", table.name()))))
    }

    /// Deletes the checkpoint. Then empties the WAL on SQLite, or updates the statistics on PostgreSQL.
    pub(super) fn finish(&mut self) -> Result<(), TransferError> {
        self.execute(
            match self.engine() {
                Engine::Sqlite => "DELETE FROM installation WHERE name = ?1",
                Engine::Postgres => "DELETE FROM installation WHERE name = $1",
            },
            CHECKPOINT,
        )?;
        self.run(match self.engine() {
            Engine::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            Engine::Postgres => "ANALYZE",
        })
    }
}

/// Returns the WHERE clause that excludes the checkpoint; empty for all tables except `installation`.
pub(super) fn condition(table: Table) -> String {
    match table {
        Table::Installation(_) => format!(" WHERE name <> '{CHECKPOINT}'"),
        Table::Rows(_) | Table::Computed { .. } => String::new(),
    }
}
