//! Deletion of old entries, and of the logs of deleted tenants, in bounded units.

use std::collections::BTreeMap;

use diesel::prelude::*;
use doorward_shared::{AuditId, TenantId, Timestamp};

use super::{
    Connection, DbError,
    counts::{self, CounterKey, shard},
    ids::ABOVE_ALL,
    installation, on_engine, row_convert,
    schema::audit_logs,
    skew::Skew,
};

/// Prefix of the names under which `installation` lists deleted tenants whose logs are not deleted yet.
const LOG_LEFT: &str = "log_of_deleted_tenant/";
/// Entries that are deleted together with their tenant; the job deletes the others.
const AT_ONCE: i64 = 1_000;

/// The result of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Number of deleted entries.
    pub deleted: usize,
    /// Where the next unit continues, `None` when this was the last one.
    pub next: Option<AuditId>,
}

/// Examines the `limit` oldest entries after a cursor, in one log or in all, and deletes those created before a time.
///
/// The newest entry of all logs is kept, because the next id is made from it.
///
/// # Errors
/// [`DbError`] of the database.
pub fn purge(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    before: Timestamp,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Purged, DbError> {
    let newest = || audit_logs::table.select(audit_logs::id).order(audit_logs::id.desc());
    let newest: Option<String> = on_engine!(conn, c, _Db => newest().first(c).optional())?;
    let upper = Skew::load(conn)?.upper(before).min(newest.unwrap_or_else(|| ABOVE_ALL.to_owned()));
    let lower = after.map_or_else(String::new, |id| id.to_string());
    let tenant = tenant.map(|tenant| tenant.to_string());
    let last: Option<String> = on_engine!(conn, c, Db => {
        let mut query = audit_logs::table
            .filter(audit_logs::id.gt(&lower).and(audit_logs::id.lt(&upper)))
            .into_boxed::<Db>();
        if let Some(tenant) = &tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant));
        }
        query
            .select(audit_logs::id)
            .order(audit_logs::id.asc())
            .offset((limit - 1).max(0))
            .limit(1)
            .first(c)
            .optional()
    })?;
    let end = last.clone().unwrap_or_else(|| ABOVE_ALL.to_owned());
    let deleted: Vec<Deleted> = on_engine!(conn, c, _Db => {
        let old = audit_logs::table
            .filter(audit_logs::id.gt(lower).and(audit_logs::id.lt(upper)).and(audit_logs::id.le(end)))
            .filter(audit_logs::created_at.lt(before.millis()));
        match tenant {
            Some(tenant) => diesel::delete(old.filter(audit_logs::tenant_id.eq(tenant)))
                .returning(Deleted::as_returning())
                .get_results(c),
            None => diesel::delete(old).returning(Deleted::as_returning()).get_results(c),
        }
    })?;
    let (mut counters, number) = (BTreeMap::new(), deleted.len());
    for entry in deleted {
        *counters.entry(entry.counter(conn)?).or_default() += 1;
    }
    counts::subtract(conn, &counters)?;
    Ok(Purged { deleted: number, next: last.as_deref().map(row_convert::parse).transpose()? })
}

/// The columns of a deleted entry that its counter depends on.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_logs, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Deleted {
    tenant_id: String,
    id: String,
    kind: String,
    created_at: i64,
}

impl Deleted {
    fn counter(self, conn: &Connection) -> Result<CounterKey, DbError> {
        let day = Timestamp::from_millis(self.created_at).day();
        let shard = shard(conn.engine(), row_convert::parse(&self.id)?);
        Ok(CounterKey { tenant_id: self.tenant_id, day, kind: self.kind, shard })
    }
}

/// Deletes the log of a deleted tenant: the first entries at once, the others by [`delete_left`].
///
/// # Errors
/// [`DbError`] of the database.
pub fn delete_log(conn: &mut Connection, tenant: TenantId) -> Result<(), DbError> {
    installation::put(conn, &format!("{LOG_LEFT}{tenant}"), "")?;
    delete_some(conn, tenant, AT_ONCE).map(drop)
}

/// Deletes at most `limit` entries of a deleted tenant. Returns whether there may be more.
///
/// # Errors
/// [`DbError`] of the database.
pub fn delete_left(conn: &mut Connection, limit: i64) -> Result<bool, DbError> {
    let Some(name) = installation::first_with_prefix(conn, LOG_LEFT)? else { return Ok(false) };
    let tenant = row_convert::parse(name.strip_prefix(LOG_LEFT).unwrap_or_default())?;
    delete_some(conn, tenant, limit)
}

fn delete_some(conn: &mut Connection, tenant: TenantId, limit: i64) -> Result<bool, DbError> {
    if purge(conn, Some(tenant), Timestamp::from_millis(i64::MAX), None, limit)?.next.is_some() {
        return Ok(true);
    }
    let key = tenant.to_string();
    let query = || audit_logs::table.filter(audit_logs::tenant_id.eq(&key)).select(audit_logs::id);
    let kept: Option<String> = on_engine!(conn, c, _Db => query().first(c).optional())?;
    // The newest entry of all logs may remain until another entry follows.
    if kept.is_none() {
        counts::delete(conn, &key)?;
        installation::delete(conn, &format!("{LOG_LEFT}{tenant}"))?;
    }
    Ok(false)
}
