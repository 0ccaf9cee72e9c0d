//! A database for each test: a SQLite file, or a database on the PostgreSQL server in `DOORWARD_TEST_POSTGRES_URL`.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Environment variable with the URL of the PostgreSQL server for tests.
pub const POSTGRES_VARIABLE: &str = "DOORWARD_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A PostgreSQL database of one test. Dropping it deletes the database.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

/// Returns the URL of the PostgreSQL server; `None` if this test run uses SQLite.
pub fn postgres() -> Option<String> {
    std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty())
}

/// Returns whether this test run uses SQLite. If it does not, prints that the test is skipped.
pub fn is_sqlite(test: &str) -> bool {
    let sqlite = postgres().is_none();
    if !sqlite {
        eprintln!("skipped on PostgreSQL: {test}");
    }
    sqlite
}

/// Returns whether this test run uses PostgreSQL. If it does not, prints that the test is skipped.
pub fn is_postgres(test: &str) -> bool {
    let found = postgres().is_some();
    if !found {
        eprintln!("SKIPPED without {POSTGRES_VARIABLE}: {test}");
    }
    found
}

/// Creates an empty database and returns its URL.
pub async fn for_test(data_dir: &Path) -> (String, Option<TestDatabase>) {
    let Some(server) = postgres() else {
        return (data_dir.join("doorward.db").display().to_string(), None);
    };
    let name = format!("doorward_http_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    execute_on_server(&server, &format!("CREATE DATABASE {name}")).await;
    let url = on_database(&server, &name);
    (url, Some(TestDatabase { server, name }))
}

/// Runs statements on a database directly, not through the server.
pub async fn execute(url: &str, sql: &str) {
    if url.starts_with("postgres") {
        return execute_on_server(url, sql).await;
    }
    let mut connection = SqliteConnection::establish(url).expect("the file opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("a timeout");
    connection.batch_execute(sql).expect("the statements run");
}

/// Runs a query directly on the database and returns its text column `value`.
pub async fn texts(url: &str, sql: &str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    if url.starts_with("postgres") {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        let driver = tokio::spawn(connection);
        let response = client.simple_query(sql).await.expect("the query runs");
        driver.abort();
        let value = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get("value").map(str::to_owned),
            _ => None,
        };
        return response.iter().filter_map(value).collect();
    }
    let mut connection = SqliteConnection::establish(url).expect("the file opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("a timeout");
    let rows = diesel::sql_query(sql).load::<Row>(&mut connection).expect("the query runs");
    rows.into_iter().map(|row| row.value).collect()
}

/// Returns the faults of a database: corrupt pages, rows without a parent, counters that differ from a recount.
pub async fn faults(url: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !url.starts_with("postgres") {
        faults.extend(texts(url, "SELECT integrity_check AS value FROM pragma_integrity_check").await);
        faults.retain(|fault| fault != "ok");
        let orphans = "SELECT \"table\" || ' has no row in ' || parent AS value FROM pragma_foreign_key_check";
        faults.extend(texts(url, orphans).await);
    }
    let totals = "SELECT 'audit_counts of ' || COALESCE(counted.tenant_id, logged.tenant_id) AS value \
        FROM (SELECT tenant_id, SUM(count) AS number FROM audit_counts GROUP BY tenant_id) AS counted \
        FULL JOIN (SELECT tenant_id, COUNT(*) AS number FROM audit_logs GROUP BY tenant_id) AS logged \
        ON counted.tenant_id = logged.tenant_id WHERE COALESCE(counted.number, 0) <> COALESCE(logged.number, 0)";
    faults.extend(texts(url, totals).await);
    let count = |table: &str, rest: &str| {
        format!("(SELECT COUNT(*) FROM {table} WHERE {table}.tenant_id = s.tenant_id {rest})")
    };
    let summaries = format!(
        "SELECT 'tenant_summaries of ' || s.tenant_id AS value FROM tenant_summaries s WHERE s.users <> {} \
         OR s.credentials <> {} OR s.api_keys <> \
         (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = s.tenant_id AND revoked_at IS NULL) \
         UNION ALL SELECT 'no tenant_summaries of ' || id FROM tenants \
         WHERE deleted_at IS NULL AND id NOT IN (SELECT tenant_id FROM tenant_summaries)",
        count("users", "AND users.deleted_at IS NULL"),
        count("credentials", "")
    );
    faults.extend(texts(url, &summaries).await);
    faults
}

async fn execute_on_server(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the statements run");
    driver.abort();
}

/// Replaces the database name in a PostgreSQL URL.
pub fn on_database(server: &str, name: &str) -> String {
    let (place, parameters) = server.split_once('?').map_or((server, None), |(place, rest)| (place, Some(rest)));
    let (scheme, rest) = place.split_once("://").expect("a URL");
    let host = rest.split('/').next().unwrap_or_default();
    let parameters = parameters.map(|text| format!("?{text}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{parameters}")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // Use a thread with its own runtime, because `drop` may run inside the runtime of a test.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute_on_server(&server, &sql));
        });
        if dropping.join().is_err() {
            eprintln!("{} was not dropped", self.name);
        }
    }
}
