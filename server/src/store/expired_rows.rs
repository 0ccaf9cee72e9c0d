//! Finds and deletes expired rows. Each call examines one chunk of a table: consecutive rows in the order of the
//! primary key.
//!
//! The tables have no index by expiry: it would slow down every ceremony, and the rows exist only for minutes.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorward_shared::Timestamp;

use super::{Connection, DbError, on_engine};
use crate::db::cached_sql::CachedSql;

/// A table whose rows expire. Its primary key is the tenant id and one column of text.
#[derive(Debug, Clone, Copy)]
pub struct ExpiringTable {
    chunk: &'static str,
    delete_range: &'static str,
    delete_rest: &'static str,
}

macro_rules! expiring_table {
    ($table:literal, $key:literal) => {
        ExpiringTable {
            chunk: concat!(
                "SELECT tenant_id, ",
                $key,
                ", expires_at FROM ",
                $table,
                " WHERE (tenant_id, ",
                $key,
                ") > (?, ?) ORDER BY tenant_id, ",
                $key,
                " LIMIT ?"
            ),
            delete_range: concat!(
                "DELETE FROM ",
                $table,
                " WHERE (tenant_id, ",
                $key,
                ") > (?, ?) AND expires_at < ?",
                " AND (tenant_id, ",
                $key,
                ") <= (?, ?)"
            ),
            delete_rest: concat!("DELETE FROM ", $table, " WHERE (tenant_id, ", $key, ") > (?, ?) AND expires_at < ?"),
        }
    };
}

/// Challenges of ceremonies.
pub const CHALLENGES: ExpiringTable = expiring_table!("challenges", "value");
/// Ids of redeemed tokens.
pub const REDEEMED_TOKENS: ExpiringTable = expiring_table!("redeemed_tokens", "jti");

/// Primary key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowKey {
    tenant_id: String,
    key: String,
}

/// An examined chunk of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredChunk {
    /// Number of expired rows in the chunk.
    pub expired: usize,
    /// Key of the last row of the chunk; the next chunk begins after it. `None` at the end of the table.
    pub end: Option<RowKey>,
}

/// Examines a chunk: at most `limit` rows, of all tenants, that follow the key `after`. Counts the rows that expired
/// before the time `before`. Call this function in a read, not in a write: without an index, the search is slow and
/// would delay other writes.
pub fn find(
    conn: &mut Connection,
    table: ExpiringTable,
    after: &RowKey,
    before: Timestamp,
    limit: i64,
) -> Result<ExpiredChunk, DbError> {
    let query = CachedSql::<(Text, Text, BigInt)>::new(table.chunk);
    let query = query.bind(&after.tenant_id).bind(&after.key).bind(limit);
    let rows: Vec<(String, String, i64)> = on_engine!(conn, c, _Db => query.load(c))?;
    let expired = rows.iter().filter(|(_, _, expires_at)| *expires_at < before.millis()).count();
    let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < limit);
    let last = rows.into_iter().last().filter(|_| !is_last);
    Ok(ExpiredChunk { expired, end: last.map(|(tenant_id, key, _)| RowKey { tenant_id, key }) })
}

/// Deletes the rows of a chunk that expired before the time `before`. The chunk begins after the key `after` and ends
/// with the key `end`, or with the table if `end` is `None`. Returns the number of deleted rows.
pub fn delete(
    conn: &mut Connection,
    table: ExpiringTable,
    after: &RowKey,
    end: Option<&RowKey>,
    before: Timestamp,
) -> Result<usize, DbError> {
    let query = CachedSql::<()>::new(if end.is_some() { table.delete_range } else { table.delete_rest });
    let mut query = query.bind(&after.tenant_id).bind(&after.key).bind(before.millis());
    if let Some(end) = end {
        query = query.bind(&end.tenant_id).bind(&end.key);
    }
    Ok(on_engine!(conn, c, _Db => query.execute(c))?)
}
