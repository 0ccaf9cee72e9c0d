//! Statements that begin and end transactions. Each connection prepares them once.

use diesel::RunQueryDsl;

use super::super::{cached_sql::CachedSql, connection::Connection, error::DbError};

pub(super) fn begin_read(conn: &mut Connection) -> Result<(), DbError> {
    execute(conn, "BEGIN DEFERRED")
}

/// Ends a read. Ignores errors, because they mean that SQLite has already ended the transaction.
pub(super) fn end_read(conn: &mut Connection) {
    let _ = commit(conn);
}

pub(super) fn begin_write(conn: &mut Connection) -> Result<(), DbError> {
    execute(conn, "BEGIN IMMEDIATE")
}

pub(super) fn begin_unit(conn: &mut Connection) -> Result<(), DbError> {
    execute(conn, "SAVEPOINT unit")
}

pub(super) fn keep_unit(conn: &mut Connection) -> Result<(), DbError> {
    execute(conn, "RELEASE unit")
}

pub(super) fn undo_unit(conn: &mut Connection) -> Result<(), DbError> {
    conn.run("ROLLBACK TO unit; RELEASE unit")
}

pub(super) fn commit(conn: &mut Connection) -> Result<(), DbError> {
    execute(conn, "COMMIT")
}

fn execute(conn: &mut Connection, sql: &'static str) -> Result<(), DbError> {
    match conn {
        Connection::Sqlite(conn) => Ok(CachedSql::<()>::new(sql).execute(conn).map(|_| ())?),
        Connection::Postgres(..) => {
            Err(DbError::Database("the SQLite engine received a PostgreSQL connection".to_owned()))
        }
    }
}
