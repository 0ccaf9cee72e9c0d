//! The result of a unit of work that wrote.

use super::error::DbError;

/// The value of a unit of work whose transaction was committed, or may have been committed.
#[derive(Debug)]
pub(crate) enum Written<T> {
    Committed(T),
    /// The connection was lost after COMMIT was sent, so the transaction may have been committed.
    Unknown(T, DbError),
}

impl<T> Written<T> {
    /// Returns the value if the transaction was certainly committed.
    ///
    /// # Errors
    /// [`DbError::CommitUnknown`] otherwise.
    pub(crate) fn committed(self) -> Result<T, DbError> {
        match self {
            Self::Committed(value) => Ok(value),
            Self::Unknown(_, error) => Err(error),
        }
    }
}
