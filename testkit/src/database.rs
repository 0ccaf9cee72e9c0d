//! Databases of tests: a file each on SQLite; a database each on the PostgreSQL server that
//! `DOORWARD_TEST_POSTGRES_URL` names.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use tokio_postgres::NoTls;

/// Names the PostgreSQL server that tests may make databases on.
pub const POSTGRES_VARIABLE: &str = "DOORWARD_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of its own on a PostgreSQL server, dropped with the value.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

/// The PostgreSQL server, when tests are to run on one.
#[must_use]
pub fn postgres() -> Option<String> {
    std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty())
}

/// Whether this run is on SQLite; says that the test is skipped when it is not.
#[must_use]
pub fn is_sqlite(test: &str) -> bool {
    let sqlite = postgres().is_none();
    if !sqlite {
        eprintln!("skipped on PostgreSQL: {test}");
    }
    sqlite
}

/// The URL of a new, empty database.
pub async fn for_test(data_dir: &Path) -> (String, Option<TestDatabase>) {
    let Some(server) = postgres() else {
        return (data_dir.join("doorward.db").display().to_string(), None);
    };
    let name = format!("doorward_http_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    execute_on_server(&server, &format!("CREATE DATABASE {name}")).await;
    let url = on_database(&server, &name);
    (url, Some(TestDatabase { server, name }))
}

/// Runs statements on a database, behind its server's back.
///
/// # Panics
/// When the database refuses them.
pub async fn execute(url: &str, sql: &str) {
    if url.starts_with("postgres") {
        return execute_on_server(url, sql).await;
    }
    let mut connection = SqliteConnection::establish(url).expect("the file opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("a timeout");
    connection.batch_execute(sql).expect("the statements run");
}

async fn execute_on_server(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the statements run");
    driver.abort();
}

/// The same server with another database in the URL's path.
fn on_database(server: &str, name: &str) -> String {
    let (place, parameters) = server.split_once('?').map_or((server, None), |(place, rest)| (place, Some(rest)));
    let (scheme, rest) = place.split_once("://").expect("a URL");
    let host = rest.split('/').next().unwrap_or_default();
    let parameters = parameters.map(|text| format!("?{text}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{parameters}")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A thread with a runtime of its own: this may run inside a test's.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute_on_server(&server, &sql));
        });
        if dropping.join().is_err() {
            eprintln!("{} was not dropped", self.name);
        }
    }
}
