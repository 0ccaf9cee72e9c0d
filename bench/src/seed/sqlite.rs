//! Rows into a SQLite file: one transaction, prepared statements of many rows, no log of old pages where there are none.

use std::path::Path;

use diesel::{
    Connection as _, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection as _,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_query,
    sql_types::{BigInt, Binary, Bool, Nullable, Text},
    sqlite::Sqlite,
};

use super::{
    SUMMARISE, SeedError,
    table::{Batch, Table, Value},
};

/// Rows of one statement: enough to make its overhead small, few enough for SQLite's limit of variables.
const ROWS: usize = 64;

/// A file that is being filled.
pub(super) struct File {
    connection: SqliteConnection,
    /// Indexes and triggers to be made again.
    taken_down: Vec<String>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

impl File {
    /// Opens a migrated file for this process alone, and begins.
    pub(super) fn begin(path: &Path) -> Result<Self, SeedError> {
        let name = path.to_str().ok_or_else(|| SeedError::Generate("the path is not UTF-8".to_owned()))?;
        let mut connection =
            SqliteConnection::establish(name).map_err(|error| SeedError::Database(error.to_string()))?;
        // Without a write-ahead log every page is written once, not twice; a rollback journal keeps what was there. The
        // file is synced at the end, so until then nothing need be. All this can be changed while nobody else has it open.
        let begun = connection.batch_execute(
            "PRAGMA busy_timeout = 2000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; \
             PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = FILE; BEGIN EXCLUSIVE;",
        );
        begun.map_err(|error| match error {
            diesel::result::Error::DatabaseError(_, ref info) if info.message().contains("locked") => SeedError::InUse,
            other => other.into(),
        })?;
        Ok(Self { connection, taken_down: Vec::new() })
    }

    /// How many tenants there are.
    pub(super) fn tenants(&mut self) -> Result<i64, SeedError> {
        Ok(sql_query("SELECT count(*) AS number FROM tenants").get_result::<Count>(&mut self.connection)?.number)
    }

    /// Drops the indexes of the log. Building them at the end sorts once instead of searching ten million times.
    pub(super) fn take_down(&mut self) -> Result<(), SeedError> {
        let made = sql_query(
            "SELECT type AS kind, name, sql FROM sqlite_master WHERE tbl_name = 'audit_logs' AND type = 'index' \
             AND sql IS NOT NULL",
        );
        for Made { kind, name, sql } in made.load::<Made>(&mut self.connection)? {
            self.connection.batch_execute(&format!("DROP {kind} {name}"))?;
            self.taken_down.push(sql);
        }
        Ok(self.connection.batch_execute(&super::wait())?)
    }

    /// Writes rows.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), SeedError> {
        for table in Table::ALL {
            for values in batch.values(table).chunks(ROWS * table.columns().len()) {
                Insert { table, values }.execute(&mut self.connection)?;
            }
        }
        Ok(())
    }

    /// Makes again what was taken down, commits, and leaves the file as the server wants it.
    pub(super) fn finish(mut self, path: &Path) -> Result<(), SeedError> {
        // The index of the key is written here and there: it has room in memory, up to some ten million entries.
        self.connection.batch_execute(&format!("PRAGMA cache_size = -1048576; {}", super::sort()))?;
        for sql in &self.taken_down {
            self.connection.batch_execute(sql)?;
        }
        self.connection.batch_execute(SUMMARISE)?;
        self.connection.batch_execute("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")?;
        drop(self.connection);
        let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| SeedError::Database(format!("{}: {error}", path.display())))
    }
}

/// `INSERT INTO table (columns) VALUES (?, …), …`: the statement is prepared once for each table.
struct Insert<'a> {
    table: Table,
    values: &'a [Value],
}

impl QueryId for Insert<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<SqliteConnection> for Insert<'_> {}

impl QueryFragment<Sqlite> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        const NULL: &Option<i64> = &None;
        let columns = self.table.columns();
        if self.values.len() != ROWS * columns.len() {
            // The last rows of a batch: another number each time, which is not worth keeping.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table.written_to());
        out.push_sql(" (");
        out.push_sql(&columns.join(", "));
        out.push_sql(") VALUES ");
        for (number, row) in self.values.chunks(columns.len()).enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            for (place, value) in row.iter().enumerate() {
                if place > 0 {
                    out.push_sql(", ");
                }
                match value {
                    Value::Null => out.push_bind_param::<Nullable<BigInt>, _>(NULL)?,
                    Value::Int(number) => out.push_bind_param::<BigInt, _>(number)?,
                    Value::Bool(truth) => out.push_bind_param::<Bool, _>(truth)?,
                    Value::Word(word) => out.push_bind_param::<Text, str>(word)?,
                    Value::Text(text) => out.push_bind_param::<Text, _>(text)?,
                    Value::Bytes(bytes) => out.push_bind_param::<Binary, _>(bytes)?,
                }
            }
            out.push_sql(")");
        }
        Ok(())
    }
}
