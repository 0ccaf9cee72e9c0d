//! Short reads on the caller's own thread. By key, a read takes less time than handing it to another thread and being
//! woken again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::db::{connection::Connection, error::DbError, sqlite};

/// Connections that only read, lent to whoever reads next.
pub(in crate::db) struct InlineReader(Mutex<Vec<Connection>>);

impl InlineReader {
    pub(in crate::db) const fn new(connections: Vec<Connection>) -> Self {
        Self(Mutex::new(connections))
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads on one consistent snapshot. Gives the unit of work back when all connections are lent.
    pub(in crate::db) fn read<T, E, F>(&self, f: F) -> Result<Result<T, E>, F>
    where
        F: FnOnce(&mut Connection) -> Result<T, E>,
        E: From<DbError>,
    {
        let Some(mut conn) = self.free().pop() else { return Err(f) };
        let result = match sqlite::begin_read(&mut conn) {
            // A panic must not take the connection with it.
            Ok(()) => catch_unwind(AssertUnwindSafe(|| f(&mut conn)))
                .unwrap_or_else(|_| Err(DbError::Database("a unit of work panicked".to_owned()).into())),
            Err(error) => Err(error.into()),
        };
        sqlite::end_read(&mut conn);
        self.free().push(conn);
        Ok(result)
    }

    /// Ends the connections that are not lent.
    pub(in crate::db) fn close(&self) {
        self.free().clear();
    }
}
