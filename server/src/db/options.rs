//! The database URL, and limits for connections, queues and waiting times.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration};

#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL. `Display` and `Debug` omit all parts that may contain a password.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                // User information and parameters are omitted, because they may contain a password.
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let location = rest.rsplit_once('@').map_or(rest, |(_, location)| location);
                write!(f, "postgres://{location}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    pub url: DatabaseUrl,
    /// SQLite: number of reader threads. Each has one connection, and as many connections serve inline reads.
    pub readers: usize,
    /// PostgreSQL: number of worker threads, each with one connection. One more connection listens for changes.
    pub connections: usize,
    /// Maximum number of queued writes. Writes above it are refused at once.
    pub write_queue: usize,
    /// Maximum number of queued reads. Reads above it are refused at once.
    pub read_queue: usize,
    /// Maximum time for which a unit of work waits in the queue before it is refused.
    pub wait: Duration,
    /// SQLite: maximum time to wait for the write of another process.
    pub busy_timeout: Duration,
    /// PostgreSQL: timeout of one statement. The client ends the connection one second later.
    pub statement_timeout: Duration,
    /// PostgreSQL: timeout of one connection attempt, per host, and of the start of a transaction.
    pub connect_timeout: Duration,
}

impl DatabaseOptions {
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            readers: 4,
            connections: 8,
            write_queue: 4096,
            read_queue: 4096,
            wait: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}
