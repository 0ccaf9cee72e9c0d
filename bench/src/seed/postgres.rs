//! Rows into PostgreSQL: one transaction, `COPY`, indexes that are built at the end.

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::{Client, NoTls};

use super::{
    SUMMARISE, SeedError,
    table::{Batch, Table, Value},
};

/// How often it is asked, a tenth of a second apart, whether a server is still there: connections that were closed a moment
/// ago are still listed.
const TRIES: u32 = 20;

/// A database that is being filled.
pub(super) struct Database {
    client: Client,
    indexes: Vec<String>,
}

impl Database {
    /// Connects, and refuses a database that a server uses.
    pub(super) async fn connect(url: &str) -> Result<Self, SeedError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(|error| reason(&error))?;
        tokio::spawn(connection);
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND pid <> pg_backend_pid() AND application_name = 'doorward'";
        for _ in 0..TRIES {
            if client.query_one(others, &[]).await?.get::<_, i64>(0) == 0 {
                return Ok(Self { client, indexes: Vec::new() });
            }
            client.batch_execute("SELECT pg_sleep(0.1)").await?;
        }
        Err(SeedError::InUse)
    }

    /// Begins, once the schema is there.
    pub(super) async fn begin(&self) -> Result<(), SeedError> {
        // Sorting ten million entries wants more memory than serving requests does.
        Ok(self
            .client
            .batch_execute("BEGIN; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL work_mem = '256MB'")
            .await?)
    }

    /// How many tenants there are.
    pub(super) async fn tenants(&self) -> Result<i64, SeedError> {
        Ok(self.client.query_one("SELECT count(*) FROM tenants", &[]).await?.get(0))
    }

    /// Drops the indexes of the log, but for its key; they are built at the end.
    pub(super) async fn take_down(&mut self) -> Result<(), SeedError> {
        let indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
                       AND tablename = 'audit_logs' AND indexdef NOT LIKE 'CREATE UNIQUE%'";
        for row in self.client.query(indexes, &[]).await? {
            let (name, definition): (String, String) = (row.get(0), row.get(1));
            self.client.batch_execute(&format!("DROP INDEX {name}")).await?;
            self.indexes.push(definition);
        }
        Ok(self.client.batch_execute(&super::wait()).await?)
    }

    /// Writes rows.
    pub(super) async fn write(&self, batch: &Batch) -> Result<(), SeedError> {
        for table in Table::ALL {
            let values = batch.values(table);
            if values.is_empty() {
                continue;
            }
            let columns = table.columns();
            let mut text = String::with_capacity(values.len() * 24);
            for row in values.chunks(columns.len()) {
                line(&mut text, row);
            }
            let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
            let copy = format!("COPY {} ({}) FROM STDIN", table.written_to(), quoted.join(", "));
            let mut sink = std::pin::pin!(self.client.copy_in::<_, Bytes>(&copy).await?);
            sink.send(Bytes::from(text)).await?;
            sink.finish().await?;
        }
        Ok(())
    }

    /// Builds the indexes, commits, and does what autovacuum would do sooner or later.
    pub(super) async fn finish(self) -> Result<(), SeedError> {
        self.client.batch_execute(&super::sort()).await?;
        for definition in &self.indexes {
            self.client.batch_execute(definition).await?;
        }
        self.client.batch_execute(SUMMARISE).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(self.client.batch_execute("VACUUM (ANALYZE)").await?)
    }
}

/// A row in `COPY`'s text format.
fn line(text: &mut String, row: &[Value]) {
    for (place, value) in row.iter().enumerate() {
        if place > 0 {
            text.push('\t');
        }
        match value {
            Value::Null => text.push_str("\\N"),
            Value::Int(number) => {
                let _ = write!(text, "{number}");
            }
            Value::Bool(truth) => text.push(if *truth { 't' } else { 'f' }),
            Value::Word(word) => escape(text, word),
            Value::Text(word) => escape(text, word),
            Value::Bytes(bytes) => {
                text.push_str("\\\\x");
                for byte in bytes {
                    let _ = write!(text, "{byte:02x}");
                }
            }
        }
    }
    text.push('\n');
}

fn escape(text: &mut String, word: &str) {
    if !word.contains(['\\', '\t', '\n', '\r']) {
        text.push_str(word);
        return;
    }
    for letter in word.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            letter => text.push(letter),
        }
    }
}

/// An error with what lies under it, where PostgreSQL's own words are.
fn reason(error: &tokio_postgres::Error) -> SeedError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    SeedError::Database(format!("{error}{cause}"))
}

impl From<tokio_postgres::Error> for SeedError {
    fn from(error: tokio_postgres::Error) -> Self {
        reason(&error)
    }
}
