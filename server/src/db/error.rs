//! The one error type of the database layer.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A unique key was violated.
    #[error("table `{table}` already has a row with this key")]
    Duplicate {
        /// Table of the existing row; empty if it is unknown.
        table: String,
    },
    /// A foreign key was violated, for example because the tenant or user was deleted.
    #[error("the row refers to a row that does not exist")]
    Orphan,
    /// The database is unreachable, too busy or too slow. A retry may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database rejected a statement.
    #[error("the database failed: {0}")]
    Database(String),
    /// A row contains a value that Doorward never writes.
    #[error("a row is corrupt: {0}")]
    Corrupt(String),
}

impl DbError {
    pub(crate) fn duplicate(table: &str) -> Self {
        Self::Duplicate { table: table.to_owned() }
    }
}

/// Parts of the messages of errors for which a retry may succeed. Diesel does not return the codes of these errors.
const TRANSIENT: [&str; 16] = [
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "statement timeout",
    "lock timeout",
    "deadlock detected",
    "administrator command",
    "connection closed",
    "idle-in-transaction timeout",
    "crash of another server process",
    "due to user request",
    "No space left on device",
    "could not serialize access",
];

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::UniqueViolation => {
                    // PostgreSQL returns the table. SQLite only has "UNIQUE constraint failed: users.tenant_id, …".
                    let named = info.table_name().map(str::to_owned).or_else(|| {
                        let (_, columns) = info.message().split_once("failed: ")?;
                        columns.split_once('.').map(|(table, _)| table.to_owned())
                    });
                    Self::Duplicate { table: named.unwrap_or_default() }
                }
                DatabaseErrorKind::ForeignKeyViolation => Self::Orphan,
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure => Self::Unavailable(info.message().to_owned()),
                _ if TRANSIENT.iter().any(|part| info.message().contains(part)) => {
                    Self::Unavailable(info.message().to_owned())
                }
                _ => Self::Database(info.message().to_owned()),
            },
            DieselError::BrokenTransactionManager => Self::Unavailable("the connection is broken".to_owned()),
            DieselError::DeserializationError(error) => Self::Corrupt(error.to_string()),
            other => Self::Database(other.to_string()),
        }
    }
}
