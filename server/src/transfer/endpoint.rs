//! One of the two databases: its connection, and the few statements both engines know in different words.

use diesel::{RunQueryDsl as _, sql_types::Text};

use super::{MARK, Mark, TransferError, Which, tables::Table};
use crate::{
    db::{
        Connection, DatabaseOptions, DatabaseUrl, DbError, Engine, PostgresConnection, SchemaChange, on_engine,
        postgres::{self, Target},
        process_lock::ProcessLock,
        sqlite,
    },
    store::installation,
};

/// A database that nobody else is at work on.
pub(super) struct Endpoint {
    which: Which,
    conn: Connection,
    _alone: Alone,
}

/// Held, so that nobody else may open the database.
enum Alone {
    File(#[expect(dead_code, reason = "held, not used")] ProcessLock),
    Session(#[expect(dead_code, reason = "held, not used")] Box<PostgresConnection>),
}

#[derive(diesel::QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Endpoint {
    /// Opens it for this work alone, with an up-to-date schema.
    pub(super) fn open(which: Which, options: &DatabaseOptions) -> Result<Self, TransferError> {
        let failed = |error| TransferError::Store(which, error);
        let (conn, alone) = match &options.url {
            DatabaseUrl::Sqlite(path) => {
                if which == Which::Source && !path.exists() {
                    return Err(TransferError::NoInstallation);
                }
                sqlite::create_file(path).map_err(failed)?;
                let alone = ProcessLock::try_exclusive(path).map_err(failed)?.ok_or(TransferError::InUse(which))?;
                sqlite::change_schema(path, options.busy_timeout, SchemaChange::Up).map_err(failed)?;
                let conn = sqlite::connect(path, options.busy_timeout).map_err(failed)?;
                (Connection::Sqlite(conn), Alone::File(alone))
            }
            DatabaseUrl::Postgres(url) => {
                let target = Target::new(url, options).map_err(failed)?;
                let both = postgres::connect_exclusively(&target).map_err(failed)?;
                let (conn, guard) = both.ok_or(TransferError::InUse(which))?;
                postgres::change_schema(&target, SchemaChange::Up).map_err(failed)?;
                (Connection::Postgres(conn), Alone::Session(Box::new(guard)))
            }
        };
        Ok(Self { which, conn, _alone: alone })
    }

    pub(super) const fn engine(&self) -> Engine {
        self.conn.engine()
    }

    pub(super) fn failed(&self, error: impl Into<DbError>) -> TransferError {
        TransferError::Store(self.which, error.into())
    }

    /// The texts that a query names `value`; the query's one parameter is `?1` or `$1`.
    pub(super) fn texts(&mut self, sql: &str, parameter: Option<&str>) -> Result<Vec<String>, TransferError> {
        let query = || diesel::sql_query(sql);
        let rows = match parameter {
            Some(text) => on_engine!(&mut self.conn, c, _Db => query().bind::<Text, _>(text).load::<Value>(c)),
            None => on_engine!(&mut self.conn, c, _Db => query().load::<Value>(c)),
        };
        Ok(rows.map_err(|error| self.failed(error))?.into_iter().map(|row| row.value).collect())
    }

    /// Runs a statement with one parameter.
    pub(super) fn execute(&mut self, sql: &str, parameter: &str) -> Result<(), TransferError> {
        let query = || diesel::sql_query(sql).bind::<Text, _>(parameter);
        let done = on_engine!(&mut self.conn, c, _Db => query().execute(c));
        done.map(drop).map_err(|error| self.failed(error))
    }

    pub(super) fn run(&mut self, sql: &str) -> Result<(), TransferError> {
        self.conn.run(sql).map_err(|error| self.failed(error))
    }

    /// Changes rows, all or none.
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
            // The connection ends with the move: what a failed rollback leaves open ends with it.
            let _ = self.conn.run("ROLLBACK");
        }
        changed
    }

    pub(super) fn installation(&mut self, name: &str) -> Result<Option<String>, TransferError> {
        installation::get(&mut self.conn, name).map_err(|error| self.failed(error))
    }

    pub(super) fn put_mark(&mut self, mark: &Mark) -> Result<(), TransferError> {
        let text = serde_json::to_string(mark).map_err(|error| self.failed(DbError::Corrupt(error.to_string())))?;
        installation::put(&mut self.conn, MARK, &text).map_err(|error| self.failed(error))
    }

    pub(super) fn count(&mut self, table: Table) -> Result<u64, TransferError> {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {}{}", table.name(), where_rows(table));
        let texts = self.texts(&sql, None)?;
        texts
            .first()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.failed(DbError::Corrupt(format!("the number of rows of {}", table.name()))))
    }

    /// Takes the mark away, and lets the engine know what it holds now.
    pub(super) fn end(&mut self) -> Result<(), TransferError> {
        self.execute(
            match self.engine() {
                Engine::Sqlite => "DELETE FROM installation WHERE name = ?1",
                Engine::Postgres => "DELETE FROM installation WHERE name = $1",
            },
            MARK,
        )?;
        self.run(match self.engine() {
            Engine::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            Engine::Postgres => "ANALYZE",
        })
    }
}

/// The mark is no row of the installation.
pub(super) fn where_rows(table: Table) -> String {
    match table {
        Table::Installation(_) => format!(" WHERE name <> '{MARK}'"),
        Table::Rows(_) | Table::Derived { .. } => String::new(),
    }
}
