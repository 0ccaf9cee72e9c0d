//! Databases for tests.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use crate::db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError};

pub(crate) const POSTGRES_VARIABLE: &str = "DOORWARD_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The database of one test. On SQLite, the file is deleted when the last clone of this value is dropped.
#[derive(Clone)]
pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    pub(crate) options: DatabaseOptions,
    _folder: Option<Arc<TempDir>>,
}

pub(crate) fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty())
}

impl TestDatabase {
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let options = DatabaseOptions::new(DatabaseUrl::Sqlite(folder.path().join("doorward.db")));
        Self::open(options, Some(Arc::new(folder))).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let server = postgres_url()?;
        let name = format!("doorward_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        let mut options = DatabaseOptions::new(DatabaseUrl::Postgres(url.to_string()));
        options.connections = 4;
        Some(Self::open(options, None).await)
    }

    async fn open(options: DatabaseOptions, folder: Option<Arc<TempDir>>) -> Self {
        let database = Database::open(options.clone()).await.expect("an open database");
        Self { database, options, _folder: folder }
    }

    /// Opens the same database again, as another process would.
    pub(crate) async fn another(&self) -> Database {
        Database::open(self.options.clone()).await.expect("an open database")
    }

    /// Opens the same database again with other options.
    pub(crate) async fn another_with(&self, change: impl FnOnce(&mut DatabaseOptions)) -> Database {
        let mut options = self.options.clone();
        change(&mut options);
        Database::open(options).await.expect("an open database")
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.database.write(f).await.expect("a write")
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        f: impl Fn(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.database.read(f).await.expect("a read")
    }

    /// Returns the path of the file or the URL of the server.
    pub(crate) fn location(&self) -> String {
        match &self.options.url {
            DatabaseUrl::Sqlite(path) => path.display().to_string(),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }
}

/// Runs a statement on a server over a new connection.
pub(crate) async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a statement");
    driver.abort();
}
