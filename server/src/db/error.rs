//! The one error type of the database layer.

use std::{cell::Cell, path::PathBuf};

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::database_url::DatabaseUrlError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A unique key was violated.
    #[error("table `{table}` already has a row with this key")]
    Duplicate {
        /// Name of the table; empty if the database did not name it.
        table: String,
    },
    /// A foreign key was violated, for example because the tenant or user was deleted.
    #[error("the row refers to a row that does not exist")]
    Orphan,
    /// The database is unreachable, too busy or too slow. A retry may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The connection was lost after COMMIT was sent, so the transaction may have been committed.
    #[error("the connection to the database was lost during a commit: {0}")]
    CommitUnknown(String),
    /// The database rejected a statement.
    #[error("the database failed: {0}")]
    Database(String),
    /// The SQLite file belongs to another program. The file was not changed.
    #[error(
        "{} is the database of another program; set database.url to another file, or move this file away",
        .0.display()
    )]
    Foreign(PathBuf),
    /// A row contains a value that Doorward never writes.
    #[error("a row is corrupt: {0}")]
    Corrupt(String),
}

impl DbError {
    pub(crate) fn duplicate(table: &str) -> Self {
        Self::Duplicate { table: table.to_owned() }
    }
}

/// Parts of SQLite's messages for errors after which a retry may succeed. Messages are compared because diesel does not
/// return the error code. The messages are constants of the library and are never translated.
const SQLITE_TRANSIENT: [&str; 7] = [
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "out of memory",
];

thread_local! {
    static RUNS_POSTGRES: Cell<bool> = const { Cell::new(false) };
    /// See [`take_transaction_error`].
    static TRANSACTION_ERROR: Cell<bool> = const { Cell::new(false) };
}

/// Records that the current thread uses PostgreSQL, so that database errors on this thread are classified as errors of
/// PostgreSQL.
pub(super) fn set_runs_postgres() {
    RUNS_POSTGRES.set(true);
}

/// Returns whether a statement on this thread has failed since the last call. On PostgreSQL, only failures caused by a
/// concurrent transaction count (SQLSTATE 40001 or 40P01). On SQLite, a failure counts only if SQLite may have ended
/// the transaction because of it, for example if the disk is full. The caller cannot use the error of the unit instead,
/// because this error can be of any type.
pub(super) fn take_transaction_error() -> bool {
    TRANSACTION_ERROR.take()
}

/// Returns whether PostgreSQL ended a transaction because of a deadlock. Diesel drops the SQLSTATE, and PostgreSQL may
/// translate the message, so this function examines the error's details. For a deadlock, each line of the details
/// contains the ids of two processes, in every language.
fn is_deadlock(info: &dyn DatabaseErrorInformation) -> bool {
    let numbers =
        |line: &str| line.split(|symbol: char| !symbol.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    let details = info.details().unwrap_or_default();
    RUNS_POSTGRES.get() && details.lines().count() > 1 && details.lines().all(|line| numbers(line) > 1)
}

/// Returns whether a retry may succeed after an error whose kind diesel does not know.
fn is_transient(info: &dyn DatabaseErrorInformation) -> bool {
    if RUNS_POSTGRES.get() {
        // PostgreSQL's messages are translated, and diesel drops the SQLSTATE. An error that is caused by the text of a
        // statement has a position; timeouts, deadlocks, cancellations and a full disk have none.
        return info.statement_position().is_none();
    }
    SQLITE_TRANSIENT.iter().any(|part| info.message().contains(part))
}

impl From<DatabaseUrlError> for DbError {
    fn from(error: DatabaseUrlError) -> Self {
        Self::Database(format!("the database URL: {error}"))
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::SerializationFailure => {
                    TRANSACTION_ERROR.set(true);
                    Self::Unavailable(info.message().to_owned())
                }
                DatabaseErrorKind::UniqueViolation => {
                    // PostgreSQL returns the name of the table. SQLite returns only a message: "UNIQUE constraint
                    // failed: users.tenant_id, …".
                    let named = info.table_name().map(str::to_owned).or_else(|| {
                        let (_, columns) = info.message().split_once("failed: ")?;
                        columns.split_once('.').map(|(table, _)| table.to_owned())
                    });
                    Self::Duplicate { table: named.unwrap_or_default() }
                }
                DatabaseErrorKind::ForeignKeyViolation => Self::Orphan,
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Self::Unavailable(info.message().to_owned())
                }
                DatabaseErrorKind::Unknown if is_transient(&*info) => {
                    TRANSACTION_ERROR.set(TRANSACTION_ERROR.get() || !RUNS_POSTGRES.get() || is_deadlock(&*info));
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
