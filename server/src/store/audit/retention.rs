//! Deletes old entries. Each unit of work is bounded.

use std::collections::BTreeMap;

use diesel::prelude::*;
use doorward_shared::{AuditId, TenantId, Timestamp};

use super::{
    super::{
        Connection, DbError,
        audit_counts::{self, CounterKey},
        on_engine, row_convert,
        schema::audit_logs,
    },
    ids::ABOVE_ALL,
    skew::Skew,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    pub deleted: usize,
    /// Cursor for the next unit of work; `None` if no entries are left to examine.
    pub next: Option<AuditId>,
}

/// Like [`purge`] for all logs, but keeps the entries after `up_to`. `None` sets no such limit.
pub fn purge_up_to(
    conn: &mut Connection,
    up_to: Option<AuditId>,
    before: Timestamp,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Purged, DbError> {
    purge_below(conn, None, up_to, before, after, limit)
}

/// Examines the `limit` oldest entries after a cursor, in one log or in all, and deletes those that were created before
/// the given time. Keeps the entry that is the newest across all logs, because the next id must be larger than its id.
pub fn purge(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    before: Timestamp,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Purged, DbError> {
    purge_below(conn, tenant, None, before, after, limit)
}

fn purge_below(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    up_to: Option<AuditId>,
    before: Timestamp,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Purged, DbError> {
    let newest = || audit_logs::table.select(audit_logs::id).order(audit_logs::id.desc());
    let newest: Option<String> = on_engine!(conn, c, _Db => newest().first(c).optional())?;
    let upper = Skew::load(conn)?.upper(before).min(newest.unwrap_or_else(|| ABOVE_ALL.to_owned()));
    // `+` sorts before all characters of ids, so this text sorts directly after the id.
    let upper = up_to.map(|id| format!("{id}+")).into_iter().fold(upper, String::min);
    let lower = after.map_or_else(String::new, |id| id.to_string());
    let tenant = tenant.map(|tenant| tenant.to_string());
    let last: Option<String> = on_engine!(conn, c, Db => {
        let range = audit_logs::id.gt(&lower).and(audit_logs::id.lt(&upper));
        let mut query = audit_logs::table.filter(range).into_boxed::<Db>();
        if let Some(tenant) = &tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant));
        }
        let query = query.select(audit_logs::id).order(audit_logs::id.asc());
        query.offset((limit - 1).max(0)).limit(1).first(c).optional()
    })?;
    let end = last.clone().unwrap_or_else(|| ABOVE_ALL.to_owned()).min(upper.clone());
    // The range includes `last` and excludes `upper`.
    let range = audit_logs::id.gt(lower).and(audit_logs::id.le(end)).and(audit_logs::id.ne(upper));
    let old = audit_logs::table.filter(range).filter(audit_logs::created_at.lt(before.millis()));
    let columns = (audit_logs::tenant_id, audit_logs::kind, audit_logs::created_at, audit_logs::id);
    let deleted: Vec<(String, String, i64, String)> = on_engine!(conn, c, _Db => match tenant {
        Some(tenant) => diesel::delete(old.filter(audit_logs::tenant_id.eq(tenant))).returning(columns).get_results(c),
        None => diesel::delete(old).returning(columns).get_results(c),
    })?;
    let mut counters: BTreeMap<CounterKey, i64> = BTreeMap::new();
    for (tenant, kind, created_at, id) in &deleted {
        let shard = audit_counts::shard(conn.engine(), row_convert::parse(id)?);
        let day = Timestamp::from_millis(*created_at).day();
        *counters.entry((tenant.clone(), day, kind.clone(), shard)).or_default() += 1;
    }
    audit_counts::subtract(conn, counters)?;
    Ok(Purged { deleted: deleted.len(), next: last.as_deref().map(row_convert::parse).transpose()? })
}
