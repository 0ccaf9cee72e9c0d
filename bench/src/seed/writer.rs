//! Writes rows to SQLite or PostgreSQL in one transaction. Each `INSERT` statement contains many rows.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use diesel::{
    Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _, sql_query,
    sql_types::Text,
};
use doorward_server::db::{DatabaseUrl, Engine};
use tokio_postgres::{Client, NoTls};

use super::SeedError;

/// Size of the buffered statements, in bytes, at which [`Writer::flush_if_full`] writes them.
const FULL: usize = 256 * 1024;
/// Maximum number of retries, 100 ms apart, while other connections exist. PostgreSQL still lists closed connections
/// for a while.
const TRIES: u32 = 20;

/// Tables that are filled.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Tenants,
    ApiKeys,
    SigningKeys,
    Users,
    Credentials,
    Transactions,
    AuditLogs,
    AuditCounts,
}

/// Names and columns of the tables, in an order that foreign keys allow.
const TABLES: [(&str, &str); 8] = [
    ("tenants", "id, display_name, config, created_at, updated_at"),
    ("api_keys", "tenant_id, id, name, hint, secret_hash, created_at"),
    ("signing_keys", "tenant_id, id, algorithm, public_jwk, sealed_private_key, created_at, signs_from"),
    ("users", "tenant_id, id, external_id, name, display_name, icon, created_at, updated_at"),
    (
        "credentials",
        "tenant_id, id, user_id, name, public_key, algorithm, attestation_format, attestation_trust, aaguid, sign_count, \
         transports, backup_eligible, backup_state, is_mfa, user_verified, last_used_at, created_at, updated_at",
    ),
    ("transactions", "tenant_id, id, identifier, user_id, data, created_at, updated_at"),
    // Rows of the log are generated tenant by tenant. At the end they are copied in chronological order.
    (
        "unsorted_audit_logs",
        "tenant_id, id, type, error, error_code, request_id, source_ip, user_agent, actor, credential_id, \
         transaction_id, created_at",
    ),
    ("unsorted_audit_counts", "tenant_id, day, type, shard, count"),
];

/// Tables that are copied at the end, with the order of their rows.
const SORTED: [(&str, &str); 2] = [("audit_logs", "id"), ("audit_counts", "day")];

/// Adds the summaries of the new tenants, computed from their rows. `{config}` stands for the configuration as JSON.
const SUMMARIZE: &str = "\
    INSERT INTO tenant_summaries (tenant_id, name_key, rp_id, created_at, users, credentials, api_keys, last_activity) \
        SELECT id, lower(display_name), {config} -> 'webauthn' -> 'relying_party' ->> 'id', created_at, \
            (SELECT COUNT(*) FROM users WHERE users.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM credentials WHERE credentials.tenant_id = tenants.id), \
            (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = tenants.id AND revoked_at IS NULL), \
            COALESCE((SELECT a.created_at FROM audit_logs a WHERE a.tenant_id = tenants.id ORDER BY a.id DESC LIMIT 1), \
                created_at) \
        FROM tenants WHERE id NOT IN (SELECT tenant_id FROM tenant_summaries)";

/// A value that can be written as an SQL literal for either engine.
pub(super) trait Literal {
    fn write(&self, sql: &mut String, engine: Engine);
}

impl Literal for &str {
    fn write(&self, sql: &mut String, _: Engine) {
        sql.push('\'');
        for (number, part) in self.split('\'').enumerate() {
            sql.push_str(if number > 0 { "''" } else { "" });
            sql.push_str(part);
        }
        sql.push('\'');
    }
}

impl Literal for String {
    fn write(&self, sql: &mut String, engine: Engine) {
        self.as_str().write(sql, engine);
    }
}

impl Literal for i64 {
    fn write(&self, sql: &mut String, _: Engine) {
        let _ = write!(sql, "{self}");
    }
}

impl Literal for bool {
    fn write(&self, sql: &mut String, _: Engine) {
        sql.push_str(if *self { "TRUE" } else { "FALSE" });
    }
}

impl Literal for Vec<u8> {
    fn write(&self, sql: &mut String, engine: Engine) {
        sql.push_str(if engine == Engine::Sqlite { "x'" } else { "'\\x" });
        for byte in self {
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push('\'');
    }
}

impl<T: Literal> Literal for Option<T> {
    fn write(&self, sql: &mut String, engine: Engine) {
        match self {
            Some(value) => value.write(sql, engine),
            None => sql.push_str("NULL"),
        }
    }
}

enum Connection {
    Sqlite(Box<SqliteConnection>, PathBuf),
    Postgres(Client),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Connection {
    /// Connects to a migrated database that no other process uses, and begins a transaction.
    async fn begin(url: &DatabaseUrl) -> Result<Self, SeedError> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::begin_sqlite(path),
            DatabaseUrl::Postgres(url) => Self::begin_postgres(url).await,
        }
    }

    fn begin_sqlite(path: &Path) -> Result<Self, SeedError> {
        let failed = |error: diesel::ConnectionError| SeedError::Database(error.to_string());
        let mut connection = SqliteConnection::establish(&path.display().to_string()).map_err(failed)?;
        // With a rollback journal, SQLite writes new pages only once; with a WAL, it writes them twice. The transaction
        // needs no sync, because `finish` syncs the file.
        let begun = connection.batch_execute(
            "PRAGMA busy_timeout = 2000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; \
             PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; PRAGMA temp_store = FILE; BEGIN EXCLUSIVE;",
        );
        begun.map_err(|error| match error {
            diesel::result::Error::DatabaseError(_, ref info) if info.message().contains("locked") => SeedError::InUse,
            other => other.into(),
        })?;
        Ok(Self::Sqlite(Box::new(connection), path.to_path_buf()))
    }

    async fn begin_postgres(url: &str) -> Result<Self, SeedError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND pid <> pg_backend_pid() AND application_name = 'doorward'";
        let mut tries = 0;
        while client.query_one(others, &[]).await?.get::<_, i64>(0) > 0 {
            tries += 1;
            if tries > TRIES {
                return Err(SeedError::InUse);
            }
            client.batch_execute("SELECT pg_sleep(0.1)").await?;
        }
        // Sorting the entries and building their indexes needs more memory than the default.
        let begin = "BEGIN; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL work_mem = '256MB'";
        client.batch_execute(begin).await?;
        Ok(Self::Postgres(client))
    }

    async fn execute(&mut self, sql: &str) -> Result<(), SeedError> {
        match self {
            Self::Sqlite(connection, _) => Ok(connection.batch_execute(sql)?),
            Self::Postgres(client) => Ok(client.batch_execute(sql).await?),
        }
    }

    /// Runs a query with one text column `value`.
    async fn texts(&mut self, sql: &str) -> Result<Vec<String>, SeedError> {
        match self {
            Self::Sqlite(connection, _) => {
                let rows = sql_query(sql).load::<Row>(&mut **connection)?;
                Ok(rows.into_iter().map(|row| row.value).collect())
            }
            Self::Postgres(client) => Ok(client.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect()),
        }
    }
}

/// An open transaction that fills a database.
pub(super) struct Writer {
    connection: Connection,
    pub(super) engine: Engine,
    /// Definitions of the dropped indexes.
    indexes: Vec<String>,
    /// Buffered statements and number of rows of each table.
    tables: [(String, u64); TABLES.len()],
}

impl Writer {
    /// Begins a transaction. Without `append`, a database that has tenants is an error.
    pub(super) async fn begin(url: &DatabaseUrl, append: bool) -> Result<Self, SeedError> {
        let mut connection = Connection::begin(url).await?;
        let (engine, indexes) = match &connection {
            Connection::Sqlite(..) => (
                Engine::Sqlite,
                "SELECT sql AS value FROM sqlite_master WHERE tbl_name = 'audit_logs' AND type = 'index' \
                 AND sql IS NOT NULL",
            ),
            Connection::Postgres(_) => (
                Engine::Postgres,
                "SELECT indexdef AS value FROM pg_indexes WHERE schemaname = current_schema() \
                 AND tablename = 'audit_logs' AND indexdef NOT LIKE 'CREATE UNIQUE%'",
            ),
        };
        let tenants = connection.texts("SELECT CAST(count(*) AS TEXT) AS value FROM tenants").await?;
        if let Some(tenants) = tenants.first().filter(|tenants| *tenants != "0" && !append) {
            return Err(SeedError::Tenants(tenants.clone()));
        }
        // Building the indexes at the end is much faster than updating them with each row.
        let indexes = connection.texts(indexes).await?;
        for name in indexes.iter().filter_map(|definition| definition.split_whitespace().nth(2)) {
            connection.execute(&format!("DROP INDEX {name}")).await?;
        }
        for (name, _) in SORTED {
            connection.execute(&format!("CREATE TABLE unsorted_{name} AS SELECT * FROM {name} WHERE FALSE")).await?;
        }
        Ok(Self { connection, engine, indexes, tables: Default::default() })
    }

    /// Buffers a row, with a value for each column of the table.
    pub(super) fn push(&mut self, table: Table, row: &[&dyn Literal]) {
        let (Some((name, columns)), Some((sql, rows))) =
            (TABLES.get(table as usize), self.tables.get_mut(table as usize))
        else {
            return;
        };
        if sql.is_empty() {
            let _ = write!(sql, "INSERT INTO {name} ({columns}) VALUES ");
        } else {
            sql.push(',');
        }
        for (place, value) in row.iter().enumerate() {
            sql.push(if place == 0 { '(' } else { ',' });
            value.write(sql, self.engine);
        }
        sql.push(')');
        *rows += 1;
    }

    /// Writes the buffered rows if they reach [`FULL`]. Returns whether they were written.
    pub(super) async fn flush_if_full(&mut self) -> Result<bool, SeedError> {
        let full = self.tables.iter().map(|(sql, _)| sql.len()).sum::<usize>() >= FULL;
        if full {
            self.flush().await?;
        }
        Ok(full)
    }

    async fn flush(&mut self) -> Result<(), SeedError> {
        for (sql, _) in self.tables.iter_mut().filter(|(sql, _)| !sql.is_empty()) {
            self.connection.execute(sql).await?;
            sql.clear();
        }
        Ok(())
    }

    /// Number of rows of each table.
    pub(super) fn rows(&self) -> Vec<(&'static str, u64)> {
        let names = TABLES.iter().map(|(name, _)| name.strip_prefix("unsorted_").unwrap_or(name));
        names.zip(self.tables.iter().map(|(_, rows)| *rows)).collect()
    }

    /// Number of audit entries.
    pub(super) fn entries(&self) -> u64 {
        self.tables.get(Table::AuditLogs as usize).map_or(0, |(_, rows)| *rows)
    }

    /// Sorts the log and its counters, builds the indexes of the log, and commits.
    pub(super) async fn finish(mut self) -> Result<(), SeedError> {
        self.flush().await?;
        let connection = &mut self.connection;
        for (name, order) in SORTED {
            let copy = format!("INSERT INTO {name} SELECT * FROM unsorted_{name} ORDER BY {order}");
            connection.execute(&copy).await?;
            connection.execute(&format!("DROP TABLE unsorted_{name}")).await?;
        }
        for definition in &self.indexes {
            connection.execute(definition).await?;
        }
        let config = if self.engine == Engine::Sqlite { "config" } else { "config::json" };
        connection.execute(&SUMMARIZE.replace("{config}", config)).await?;
        connection.execute("COMMIT").await?;
        match self.connection {
            Connection::Sqlite(mut connection, path) => {
                connection.batch_execute("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")?;
                drop(connection);
                let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
                synced.map_err(|error| SeedError::Database(format!("{}: {error}", path.display())))
            }
            // Vacuum now, because autovacuum would otherwise do this during a measurement.
            Connection::Postgres(client) => Ok(client.batch_execute("VACUUM (ANALYZE)").await?),
        }
    }
}
