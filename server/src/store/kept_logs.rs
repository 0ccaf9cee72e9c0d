//! Audit logs of deleted tenants, which are kept for a limited time. Each unit of work is bounded.

use diesel::{prelude::*, sql_types::Text};
use doorward_shared::{TenantId, Timestamp};

use super::{
    Connection, DbError, audit, installation, on_engine, row_convert, schema::audit_logs, text_match::end_of_prefix,
};
use crate::db::cached_sql::CachedSql;

/// Prefix of names in `installation`. Each name ends with the id of a deleted tenant whose log still exists. The value
/// is the time until which the log is kept, in milliseconds.
const KEPT_LOG: &str = "log_of_deleted_tenant/";

/// Keeps the log of a deleted tenant until the given time. After that, [`delete_due`] deletes it.
pub fn keep(conn: &mut Connection, tenant: TenantId, until: Timestamp) -> Result<(), DbError> {
    installation::put(conn, &format!("{KEPT_LOG}{tenant}"), &until.millis().to_string())
}

/// Returns the time until which the log of a deleted tenant is kept; `None` if there is no such log.
pub fn kept_until(conn: &mut Connection, tenant: TenantId) -> Result<Option<Timestamp>, DbError> {
    let millis = installation::get(conn, &format!("{KEPT_LOG}{tenant}"))?;
    Ok(row_convert::parse_some(millis.as_deref())?.map(Timestamp::from_millis))
}

/// Finds a deleted tenant whose log must no longer be kept and whose other data is already deleted. Deletes at most
/// `limit` entries of this log. Returns whether there may be more to delete.
pub fn delete_due(conn: &mut Connection, now: Timestamp, limit: i64) -> Result<bool, DbError> {
    let due = "SELECT name FROM installation WHERE name >= ? AND name < ? AND CAST(value AS BIGINT) <= ? \
               AND NOT EXISTS \
                   (SELECT 1 FROM tenants WHERE tenants.id = substr(installation.name, CAST(? AS INTEGER))) \
               ORDER BY name LIMIT 1";
    let end = end_of_prefix(KEPT_LOG);
    let query =
        CachedSql::<Text>::new(due).bind(KEPT_LOG).bind(&end).bind(now.millis()).bind(KEPT_LOG.len() as i64 + 1);
    let Some(name): Option<String> = on_engine!(conn, c, _Db => query.get_result(c).optional())? else {
        return Ok(false);
    };
    let tenant: TenantId = row_convert::parse(name.strip_prefix(KEPT_LOG).unwrap_or_default())?;
    let more = audit::purge(conn, Some(tenant), Timestamp::from_millis(i64::MAX), None, limit)?.next.is_some();
    let key = tenant.to_string();
    let query = || audit_logs::table.filter(audit_logs::tenant_id.eq(&key)).select(audit_logs::id);
    let left: Option<String> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    if left.is_none() {
        installation::delete(conn, &name)?;
        return Ok(true);
    }
    // `purge` keeps the entry that is the newest across all logs, even if it belongs to this log.
    Ok(more)
}
