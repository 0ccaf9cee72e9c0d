//! Pages and totals of the log, and the busiest tenants.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorward_shared::{AuditId, TenantId, Timestamp, audit::AuditLogItem, page::PageRequest};

use super::{
    super::{Connection, DbError, audit_counts, on_engine, row_convert},
    scan::{Scan, Window},
};
use crate::{
    db::cached_sql::CachedSql,
    domain::audit::{AuditCursor, AuditFilter, EXAMINED, Horizon, LogPage, LogSlice, NextPage, ShownEntries, Total},
};

/// A search for a request id also examines entries created within this time (in ms) after the time in the id.
const REQUEST_TIME: i64 = 300_000;

/// Returns a numbered page of one log, or of all logs if `tenant` is `None`. Numbered pages end at row [`EXAMINED`].
pub fn page(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    page: PageRequest,
) -> Result<LogPage<AuditLogItem>, DbError> {
    let per_page = usize::try_from(page.per_page).unwrap_or(EXAMINED);
    let start = usize::try_from(page.offset()).unwrap_or(EXAMINED).min(EXAMINED);
    let end = start.saturating_add(per_page).min(EXAMINED);
    let scan = Scan::new(conn, tenant, filter, horizon, AuditCursor::NEWEST)?;
    let (total, window, ids) = examine(conn, &scan, horizon, start, (end - start + 1).min(EXAMINED - start))?;
    if let (true, Some(last), Some(time)) = (ids.is_empty(), window.last, filter.request_time())
        && let (items, Some(shown)) = near_request(conn, tenant, filter, horizon, time, per_page)?
    {
        // Clients may reuse request ids, so the next pages search all entries before `last`, except those on this page.
        let next = Some(NextPage::BeforeWithout(last, shown));
        return Ok(LogPage { total: Total::AtLeast(items.len() as u64), items, next });
    }
    let shown = ids.get(..(end - start).min(ids.len())).unwrap_or_default();
    let last = window.last.or(shown.last().copied().filter(|_| end == EXAMINED));
    let next = if ids.len() > shown.len() { Some(NextPage::Number) } else { last.map(NextPage::Before) };
    Ok(LogPage { items: scan.load(conn, shown)?, total, next })
}

pub fn total(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
) -> Result<Total, DbError> {
    let scan = Scan::new(conn, tenant, filter, horizon, AuditCursor::NEWEST)?;
    Ok(examine(conn, &scan, horizon, 0, 0)?.0)
}

/// Returns entries before a cursor, newest first, or after it, oldest first. The cursor's entry may have been deleted.
pub fn slice(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    cursor: AuditCursor,
    limit: u32,
) -> Result<LogSlice<AuditLogItem>, DbError> {
    let scan = Scan::new(conn, tenant, filter, horizon, cursor)?;
    // Without a filter every entry matches, so `limit` bounds the scan.
    let window = if filter.is_empty() { Window::default() } else { scan.window(conn)? };
    let limit = usize::try_from(limit).unwrap_or(EXAMINED);
    let mut ids = scan.matching(conn, &window, 0, limit.saturating_add(1))?;
    let has_more = ids.len() > limit;
    ids.truncate(limit);
    let next = if has_more { ids.last().copied() } else { window.last };
    let is_cut = horizon.is_some_and(|horizon| !horizon.is_newest);
    Ok(LogSlice { items: scan.load(conn, &ids)?, next, is_cut })
}

/// Counts the newest [`EXAMINED`] entries of all logs by tenant. Returns the `limit` highest counts, highest first.
pub fn busiest(conn: &mut Connection, limit: u32) -> Result<Vec<(TenantId, u64)>, DbError> {
    let installation = TenantId::INSTALLATION.to_string();
    let counts = "SELECT tenant_id, COUNT(*) FROM (SELECT tenant_id FROM audit_logs ORDER BY id DESC LIMIT ?) AS newest \
                  WHERE tenant_id <> ? GROUP BY tenant_id ORDER BY COUNT(*) DESC, tenant_id LIMIT ?";
    let query = CachedSql::<(Text, BigInt)>::new(counts).bind(EXAMINED as i64).bind(&installation);
    let rows: Vec<(String, i64)> = on_engine!(conn, c, _Db => query.bind(i64::from(limit)).load(c))?;
    rows.into_iter().map(|(tenant, count)| Ok((row_convert::parse(&tenant)?, row_convert::total(count)))).collect()
}

/// Returns the total, the window, and the ids of the matches after the first `skip`: at least `wanted` if possible.
fn examine(
    conn: &mut Connection,
    scan: &Scan<'_>,
    horizon: Option<&Horizon>,
    skip: usize,
    wanted: usize,
) -> Result<(Total, Window, Vec<AuditId>), DbError> {
    let counted = counted(conn, scan, horizon)?;
    // Without a filter, counters give the total and every entry matches, so no window is needed.
    let is_simple = scan.filter.is_empty() && counted.is_some() && skip.saturating_add(wanted) <= EXAMINED;
    let window = if is_simple { Window::default() } else { scan.window(conn)? };
    let is_full = scan.filter.is_empty() && window.last.is_some();
    let known = counted.or(is_full.then_some(Total::AtLeast(EXAMINED as u64)));
    let (count, mut ids) = match known {
        Some(_) => (0, scan.matching(conn, &window, skip, wanted)?),
        None => scan.count(conn, &window, skip.saturating_add(wanted))?,
    };
    let found = if window.last.is_some() { Total::AtLeast(count) } else { Total::Exact(count) };
    ids.drain(..if known.is_none() { skip.min(ids.len()) } else { 0 });
    let total = known.unwrap_or(found);
    Ok((if horizon.is_some_and(|horizon| !horizon.is_newest) { total.or_more() } else { total }, window, ids))
}

/// Returns the total up to the horizon: counters minus entries above the horizon; `None` if the total is unknown.
fn counted(conn: &mut Connection, scan: &Scan<'_>, horizon: Option<&Horizon>) -> Result<Option<Total>, DbError> {
    let Some(tenant) = scan.tenant else { return Ok(None) };
    let Some(count) = audit_counts::total(conn, tenant, scan.filter)? else { return Ok(None) };
    let Some(horizon) = horizon else { return Ok(Some(Total::Exact(count))) };
    let above = Scan::above(tenant, scan.filter, horizon);
    let window = above.window(conn)?;
    if window.last.is_some() {
        return Ok(None);
    }
    let hidden = above.matching(conn, &window, 0, EXAMINED)?.len() as u64;
    Ok(Some(Total::Exact(count.saturating_sub(hidden))))
}

/// Searches entries created within [`REQUEST_TIME`] after `time`. Returns none of them if more than `limit` match.
fn near_request(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    time: Timestamp,
    limit: usize,
) -> Result<(Vec<AuditLogItem>, Option<ShownEntries>), DbError> {
    let scan = Scan::new(conn, tenant, filter, horizon, AuditCursor::OLDEST)?;
    let scan = scan.created(conn, Some(time), Some(time.plus_millis(REQUEST_TIME)))?;
    let window = scan.window(conn)?;
    let ids = scan.matching(conn, &window, 0, limit.saturating_add(1))?;
    let (Some(&oldest), Some(&newest), true) = (ids.first(), ids.last(), ids.len() <= limit) else {
        return Ok((Vec::new(), None));
    };
    let mut items = scan.load(conn, &ids)?;
    items.reverse();
    Ok((items, Some(ShownEntries { oldest, newest })))
}
