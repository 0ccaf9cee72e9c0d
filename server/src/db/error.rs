//! What can go wrong between Doorward and its database. This is the store's one error type.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a unit of work failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A row with this key is already there.
    #[error("a row with this key is already in {table}")]
    Duplicate {
        /// The table it is in.
        table: String,
    },
    /// The row belongs to a tenant or user that was deleted meanwhile.
    #[error("the row belongs to something that is not there (any more)")]
    Orphan,
    /// The database cannot be reached, is too busy, or answered too late: the same may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database refused a statement.
    #[error("the database failed: {0}")]
    Database(String),
    /// A row holds something Doorward never wrote.
    #[error("a row is corrupt: {0}")]
    Corrupt(String),
}

impl DbError {
    /// A key of this table was taken.
    pub(crate) fn duplicate(table: &str) -> Self {
        Self::Duplicate { table: table.to_owned() }
    }
}

/// Parts of messages after which trying again later may help. Diesel hands on no error codes for these.
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
                    // SQLite names the columns ("UNIQUE constraint failed: users.tenant_id, …"), PostgreSQL the table.
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
