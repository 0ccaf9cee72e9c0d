//! Short reads on the calling thread, because a read by key takes less time than a switch to another thread and back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    super::{connection::Connection, error::DbError, unit::run_unit},
    transaction,
};

/// A pool of read-only connections.
pub(in crate::db) struct InlineReader(Mutex<Vec<Connection>>);

impl InlineReader {
    pub(in crate::db) const fn new(connections: Vec<Connection>) -> Self {
        Self(Mutex::new(connections))
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads on one consistent snapshot. If all connections are in use, returns the closure without calling it.
    pub(in crate::db) fn read<T, E, F>(&self, f: F) -> Result<Result<T, E>, F>
    where
        F: Fn(&mut Connection) -> Result<T, E>,
        E: From<DbError>,
    {
        let Some(mut conn) = self.free().pop() else { return Err(f) };
        let result = match transaction::begin_read(&mut conn) {
            Ok(()) => run_unit(f, &mut conn),
            Err(error) => Err(error.into()),
        };
        transaction::end_read(&mut conn);
        self.free().push(conn);
        Ok(result)
    }

    /// Closes the connections that are not in use.
    pub(in crate::db) fn close(&self) {
        self.free().clear();
    }
}
