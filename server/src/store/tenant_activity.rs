//! Statistics of the newest entries of one log. Each query examines at most [`EXAMINED`] entries.

use diesel::{
    RunQueryDsl as _,
    sql_types::{BigInt, Nullable, Text},
};
use doorward_shared::{AuditType, TenantId, Timestamp};

use super::{Connection, DbError, on_engine, row_convert};
use crate::{db::cached_sql::CachedSql, domain::audit::EXAMINED};

/// Entries with the same type and error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryGroup {
    pub kind: AuditType,
    pub error_code: Option<String>,
    pub count: u64,
    pub oldest: Timestamp,
    pub latest: Timestamp,
}

/// Groups the newest entries by type and error code.
pub fn newest_by_code(conn: &mut Connection, tenant: TenantId) -> Result<Vec<EntryGroup>, DbError> {
    let groups = "SELECT type, error_code, COUNT(*), MIN(created_at), MAX(created_at) FROM (SELECT type, error_code, \
                  created_at FROM audit_logs WHERE tenant_id = ? ORDER BY id DESC LIMIT ?) AS newest \
                  GROUP BY type, error_code";
    let tenant = tenant.to_string();
    let query = CachedSql::<(Text, Nullable<Text>, BigInt, BigInt, BigInt)>::new(groups);
    let query = query.bind(&tenant).bind(EXAMINED as i64);
    let rows: Vec<(String, Option<String>, i64, i64, i64)> = on_engine!(conn, c, _Db => query.load(c))?;
    let group = |(kind, error_code, count, oldest, latest): (String, _, i64, i64, i64)| EntryGroup {
        kind: AuditType::known(&kind),
        error_code,
        count: row_convert::total(count),
        oldest: Timestamp::from_millis(oldest),
        latest: Timestamp::from_millis(latest),
    };
    Ok(rows.into_iter().map(group).collect())
}

/// Returns the number of different users who, according to the newest entries, completed a ceremony.
pub fn active_users(conn: &mut Connection, tenant: TenantId) -> Result<u64, DbError> {
    let users = "SELECT COUNT(DISTINCT actor) FROM (SELECT type, actor FROM audit_logs WHERE tenant_id = ? \
                 ORDER BY id DESC LIMIT ?) AS newest WHERE type LIKE '%~_final~_succeeded' ESCAPE '~'";
    let tenant = tenant.to_string();
    let query = CachedSql::<BigInt>::new(users).bind(&tenant).bind(EXAMINED as i64);
    let count: i64 = on_engine!(conn, c, _Db => query.get_result(c))?;
    Ok(row_convert::total(count))
}
