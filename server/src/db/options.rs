//! Where the database is, and how much of it may be used at once.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration};

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of the embedded engine.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL. May hold a password: nothing that prints it shows more than hosts and names.
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
                // Neither user information nor parameters are shown: both may hold a password.
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// SQLite: connections that read, each with its thread.
    pub readers: usize,
    /// PostgreSQL: connections that read and write, each with its thread.
    pub connections: usize,
    /// Units of work that may wait to be written; more are refused at once.
    pub write_queue: usize,
    /// Units of work that may wait to be read; more are refused at once.
    pub read_queue: usize,
    /// How long a unit of work may wait for its turn before it is refused.
    pub wait: Duration,
    /// SQLite: how long to wait for another process that writes.
    pub busy_timeout: Duration,
    /// PostgreSQL: how long one statement may run.
    pub statement_timeout: Duration,
    /// PostgreSQL: how long one attempt to connect may take.
    pub connect_timeout: Duration,
}

impl DatabaseOptions {
    /// The defaults for a database.
    #[must_use]
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
