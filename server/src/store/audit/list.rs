//! Pages of the log, their totals, and what is derived from the newest entries.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorward_shared::{AuditId, TenantId, Timestamp, audit::AuditLogItem, page::PageRequest};
use uuid::Uuid;

use super::{
    Connection, DbError, EXAMINED, counts,
    ids::Horizon,
    on_engine, row_convert,
    scan::{Scan, Window},
};
use crate::{
    db::cached_sql::CachedSql,
    domain::audit::{AuditCursor, AuditFilter},
};

/// How long after a request id was made its entries are looked for first.
const REQUEST_TIME: i64 = 300_000;

/// A number of matching entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// The exact number.
    Exact(u64),
    /// There are at least so many.
    AtLeast(u64),
}

impl Total {
    /// The number, exact or not.
    #[must_use]
    pub const fn count(self) -> u64 {
        match self {
            Self::Exact(count) | Self::AtLeast(count) => count,
        }
    }
}

/// How the entries after a page are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPage {
    /// By the next page number.
    Number,
    /// By the cursor `before`.
    Before(AuditId),
}

/// A numbered page, newest entries first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage<T> {
    /// The entries.
    pub items: Vec<T>,
    /// The number of matching entries.
    pub total: Total,
    /// The way to older entries, unless this is the last page.
    pub next: Option<NextPage>,
}

/// Entries from a cursor on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSlice<T> {
    /// The entries, in the order of the cursor.
    pub items: Vec<T>,
    /// Where the next slice begins, unless the log ends here.
    pub next: Option<AuditId>,
}

/// Returns a numbered page of one log, or of all when `tenant` is `None`. Pages end at row [`EXAMINED`].
///
/// # Errors
/// [`DbError`] of the database.
pub fn page(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    page: PageRequest,
) -> Result<LogPage<AuditLogItem>, DbError> {
    if page.page == 1
        && let Some(time) = filter.request_time()
    {
        let found = near_request(conn, tenant, filter, horizon, time, page)?;
        if !found.is_empty() {
            let total = Total::AtLeast(found.len() as u64);
            // The cursor leads to all entries: a client may choose the same request id at any time.
            return Ok(LogPage { items: found, total, next: Some(NextPage::Before(AuditId::new(Uuid::max()))) });
        }
    }
    let scan = scan(conn, tenant, filter, horizon, true)?;
    let start = usize::try_from(page.offset().min(EXAMINED)).unwrap_or(0);
    let end = usize::try_from((page.offset() + i64::from(page.per_page)).min(EXAMINED)).unwrap_or(0);
    let (total, window, ids) = examine(conn, &scan, end + 1)?;
    let shown = ids.get(start..end.min(ids.len())).unwrap_or_default();
    let has_more = ids.len() > end || i64::try_from(end) == Ok(EXAMINED) && ids.len() == end;
    let next = match (has_more, shown.last(), window.last) {
        (true, Some(last), _) if i64::try_from(end) == Ok(EXAMINED) => Some(NextPage::Before(*last)),
        (true, _, _) => Some(NextPage::Number),
        (false, _, last) => last.map(NextPage::Before),
    };
    Ok(LogPage { items: scan.load(conn, shown)?, total, next })
}

/// Returns the number of matching entries.
///
/// # Errors
/// [`DbError`] of the database.
pub fn total(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
) -> Result<Total, DbError> {
    let scan = scan(conn, tenant, filter, horizon, true)?;
    Ok(examine(conn, &scan, 0)?.0)
}

/// Returns entries older (newest first) or newer (oldest first) than a cursor, whose entry may have been deleted.
///
/// # Errors
/// [`DbError`] of the database.
pub fn slice(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    cursor: AuditCursor,
    limit: u32,
) -> Result<LogSlice<AuditLogItem>, DbError> {
    let scan = match cursor {
        AuditCursor::After(id) => scan(conn, tenant, filter, horizon, false)?.above(id.to_string()),
        AuditCursor::Before(id) => scan(conn, tenant, filter, horizon, true)?.below(id.to_string()),
    };
    // Without a filter, the limit alone bounds the scan.
    let window = if filter.is_empty() { Window::default() } else { scan.window(conn)? };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut ids = scan.matching(conn, &window, limit.saturating_add(1))?;
    let has_more = ids.len() > limit;
    ids.truncate(limit);
    let next = if has_more { ids.last().copied() } else { window.last };
    Ok(LogSlice { items: scan.load(conn, &ids)?, next })
}

/// Returns the newest matching entries among the newest [`EXAMINED`], newest first.
///
/// # Errors
/// [`DbError`] of the database.
pub fn latest(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditLogItem>, DbError> {
    let scan = scan(conn, tenant, filter, None, true)?;
    let window = scan.window(conn)?;
    let ids = scan.matching(conn, &window, usize::try_from(limit).unwrap_or(usize::MAX))?;
    scan.load(conn, &ids)
}

/// Returns the tenants with most entries among the newest [`EXAMINED`] of all logs, with the number of these entries, the
/// busiest first. The log of the installation is left out.
///
/// # Errors
/// [`DbError`] of the database.
pub fn busiest(conn: &mut Connection, limit: u32) -> Result<Vec<(TenantId, u64)>, DbError> {
    let installation = TenantId::INSTALLATION.to_string();
    let counts = "SELECT tenant_id, COUNT(*) FROM (SELECT tenant_id FROM audit_logs ORDER BY id DESC LIMIT ?) AS newest \
                  WHERE tenant_id <> ? GROUP BY tenant_id ORDER BY COUNT(*) DESC, tenant_id LIMIT ?";
    let query = CachedSql::<(Text, BigInt)>::new(counts).bind(EXAMINED).bind(&installation).bind(i64::from(limit));
    let rows: Vec<(String, i64)> = on_engine!(conn, c, _Db => query.load(c))?;
    rows.into_iter().map(|(tenant, count)| Ok((row_convert::parse(&tenant)?, row_convert::total(count)))).collect()
}

fn scan<'a>(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &'a AuditFilter,
    horizon: Option<&Horizon>,
    newest_first: bool,
) -> Result<Scan<'a>, DbError> {
    let scan = Scan::new(conn, tenant, filter, newest_first)?;
    Ok(match horizon {
        Some(Horizon(id)) => scan.below(id.clone()),
        None => scan,
    })
}

/// Returns the total, the window, and at least `wanted` matching ids where the window has so many.
fn examine(conn: &mut Connection, scan: &Scan<'_>, wanted: usize) -> Result<(Total, Window, Vec<AuditId>), DbError> {
    let counted = match scan.tenant {
        Some(tenant) => counts::total(conn, tenant, scan.filter)?,
        None => None,
    };
    let window = scan.window(conn)?;
    let known = match (counted, window.last) {
        (Some(count), _) => Some(Total::Exact(count)),
        (None, Some(_)) if scan.filter.is_empty() => Some(Total::AtLeast(row_convert::total(EXAMINED))),
        _ => None,
    };
    if let Some(total) = known {
        return Ok((total, window.clone(), scan.matching(conn, &window, wanted)?));
    }
    let ids = scan.matching(conn, &window, usize::MAX)?;
    let count = ids.len() as u64;
    let total = if window.last.is_some() { Total::AtLeast(count) } else { Total::Exact(count) };
    Ok((total, window, ids))
}

/// Looks for a request id that contains its time among the entries that were written from then on.
fn near_request(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    horizon: Option<&Horizon>,
    time: Timestamp,
    page: PageRequest,
) -> Result<Vec<AuditLogItem>, DbError> {
    let scan = scan(conn, tenant, filter, horizon, false)?;
    let scan = scan.created(conn, Some(time), Some(time.plus_millis(REQUEST_TIME)))?;
    let window = scan.window(conn)?;
    let ids = scan.matching(conn, &window, usize::try_from(page.per_page).unwrap_or(usize::MAX))?;
    let mut items = scan.load(conn, &ids)?;
    items.reverse();
    Ok(items)
}
