//! Limits for connections, queues and waiting times.

use std::time::Duration;

use super::database_url::DatabaseUrl;

#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    pub url: DatabaseUrl,
    /// PostgreSQL: direct URL of the same database for locks, notifications and migrations. If it is set, `url` may
    /// lead to a connection pooler that changes sessions between transactions.
    pub listen_url: Option<DatabaseUrl>,
    /// Whether to take the exclusive process lock, so that no other process can use the database.
    pub exclusive: bool,
    /// SQLite: number of reader threads. Each thread has one connection. The same number of additional connections
    /// serves inline reads.
    pub readers: usize,
    /// PostgreSQL: number of worker threads, each with one connection. One more connection listens for changes.
    pub connections: usize,
    /// Maximum number of queued writes. Further writes are refused at once.
    pub write_queue: usize,
    /// Maximum number of queued reads. Further reads are refused at once.
    pub read_queue: usize,
    /// Maximum time for which a unit of work waits in the queue before it is refused.
    pub wait: Duration,
    /// SQLite: maximum time to wait while another process writes.
    pub busy_timeout: Duration,
    /// SQLite: size of the write-ahead log in bytes above which [`super::Database::check_space`] returns an error. Above
    /// an eighth of this size, a warning is logged.
    pub wal_limit: u64,
    /// PostgreSQL: timeout of one statement, which the server enforces. If the statement is still running one second
    /// later, the client closes the connection.
    pub statement_timeout: Duration,
    /// PostgreSQL: timeout of a connection attempt and of the start of a transaction. It is multiplied by the number of
    /// hosts in the URL.
    pub connect_timeout: Duration,
}

impl DatabaseOptions {
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            listen_url: None,
            exclusive: false,
            readers: 4,
            connections: 8,
            write_queue: 4096,
            read_queue: 4096,
            wait: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            wal_limit: 4 * 1024 * 1024 * 1024,
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}
