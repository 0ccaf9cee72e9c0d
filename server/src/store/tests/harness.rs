//! Databases that live as long as one test.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use crate::db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError};

pub(super) const POSTGRES_VARIABLE: &str = "DOORWARD_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database and a store on it. What a clone shares ends with the last one.
#[derive(Clone)]
pub(super) struct TestDatabase {
    pub(super) database: Database,
    pub(super) options: DatabaseOptions,
    _folder: Option<Arc<TempDir>>,
}

pub(super) fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty())
}

impl TestDatabase {
    pub(super) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let options = DatabaseOptions::new(DatabaseUrl::Sqlite(folder.path().join("doorward.db")));
        Self::open(options, Some(Arc::new(folder))).await
    }

    pub(super) async fn postgres() -> Option<Self> {
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
        let database = Database::open(options.clone()).await.expect("a store");
        Self { database, options, _folder: folder }
    }

    /// Another store on the same database, as another process has it.
    pub(super) async fn another(&self) -> Database {
        Database::open(self.options.clone()).await.expect("a second store")
    }

    /// Another store on the same database, with other options.
    pub(super) async fn another_with(&self, change: impl FnOnce(&mut DatabaseOptions)) -> Database {
        let mut options = self.options.clone();
        change(&mut options);
        Database::open(options).await.expect("a second store")
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.database.write(f).await.expect("a write")
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.database.read(f).await.expect("a read")
    }

    /// The file, or the server's URL.
    pub(super) fn place(&self) -> String {
        match &self.options.url {
            DatabaseUrl::Sqlite(path) => path.display().to_string(),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }
}

/// Runs a statement on a server, outside of any store.
pub(super) async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a statement");
    driver.abort();
}
