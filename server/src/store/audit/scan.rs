//! The bounded scan with which all lists read the log. It covers a range of ids, in one log or in all logs, in one
//! direction. First it uses an index to find its window: the next [`EXAMINED`] entries. Then it returns the ids of the
//! matching entries in the window. If the filter has one exact actor, the window contains only entries of this actor.

use diesel::{
    dsl::{count_star, sql},
    prelude::*,
    sql_types::{Bool, Text},
};
use doorward_shared::{AuditId, TenantId, Timestamp, audit::AuditLogItem};

use super::{
    super::{Connection, DbError, on_engine, row_convert, schema::audit_logs, text_match::contains},
    entry::Row,
    ids::ABOVE_ALL,
    skew::Skew,
};
use crate::{
    db::cached_sql::CachedSql,
    domain::audit::{AuditCursor, AuditFilter, EXAMINED, Horizon},
};

/// Cost of finding an entry by its id, relative to the cost of reading the next entry of an index.
const SEEK_COST: usize = 4;

/// Query for the ids of one actor's entries. It compares `(actor, id)` and sorts by it; only the index by actor
/// supports this. With `actor = ?`, PostgreSQL may choose the primary key, because it plans for a tenant of average
/// size. It would then read the whole log of a large tenant.
pub(in super::super) const NEWEST_OF_ACTOR: &str = "SELECT id FROM audit_logs WHERE tenant_id = ? \
    AND actor IS NOT NULL AND (actor, id) > (?, ?) AND (actor, id) < (?, ?) ORDER BY actor DESC, id DESC LIMIT ?";
const OLDEST_OF_ACTOR: &str = "SELECT id FROM audit_logs WHERE tenant_id = ? \
    AND actor IS NOT NULL AND (actor, id) > (?, ?) AND (actor, id) < (?, ?) ORDER BY actor, id LIMIT ?";

/// The number of matching entries, and the ids of the first ones.
type Counted = (u64, Vec<AuditId>);

/// A log, a filter, and the range of ids to scan. Both bounds are exclusive.
pub(super) struct Scan<'a> {
    pub(super) tenant: Option<TenantId>,
    pub(super) filter: &'a AuditFilter,
    lower: String,
    upper: String,
    newest_first: bool,
}

/// The entries that one scan examines.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The last entry of the window; `None` if the scan reaches the end of its range.
    pub(super) last: Option<AuditId>,
    /// The first id after the window; `None` if the scan reaches the end of its range, or if `ids` is set.
    beyond: Option<String>,
    /// The ids of one actor's entries; `None` if the window is a range of ids.
    ids: Option<Vec<String>>,
}

/// Query for the entries of a scan's log, in the order of the scan.
macro_rules! log {
    ($db:ty, $scan:expr) => {{
        let (scan, mut query): (&Scan<'_>, _) = ($scan, audit_logs::table.into_boxed::<$db>());
        if let Some(tenant) = scan.tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant.to_string()));
        }
        if scan.newest_first { query.order(audit_logs::id.desc()) } else { query.order(audit_logs::id.asc()) }
    }};
}

/// Adds the conditions on a column. A condition that excludes values keeps rows with NULL.
macro_rules! values {
    ($query:ident, $column:ident, $values:expr) => {{
        let values = &$values;
        if !values.any_of.is_empty() {
            $query = $query.filter(audit_logs::$column.eq_any(values.any_of.clone()));
        }
        if !values.none_of.is_empty() {
            let other = audit_logs::$column.ne_all(values.none_of.clone());
            $query = $query.filter(audit_logs::$column.is_null().or(other));
        }
    }};
}

/// Adds the conditions of a filter, except the condition on networks.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter): (_, &AuditFilter) = ($query, $filter);
        if let Some(start) = filter.start {
            query = query.filter(audit_logs::created_at.ge(start.millis()));
        }
        if let Some(end) = filter.end {
            query = query.filter(audit_logs::created_at.lt(end.millis()));
        }
        if let Some(shown) = filter.shown {
            let (older, newer) = (shown.oldest.to_string(), shown.newest.to_string());
            query = query.filter(audit_logs::id.lt(older).or(audit_logs::id.gt(newer)));
        }
        if let Some(kinds) = filter.accepted_kinds() {
            query = query.filter(audit_logs::kind.eq_any(kinds.into_iter().map(|kind| kind.as_str())));
        }
        if let Some(addresses) = filter.source_ip.addresses() {
            values!(query, source_ip, addresses);
        }
        values!(query, actor, filter.actor);
        values!(query, error_code, filter.error_code);
        values!(query, request_id, filter.request_id);
        values!(query, credential_id, filter.credential_id);
        values!(query, transaction_id, filter.transaction_id);
        values!(query, api_key_id, filter.api_key_id.texts());
        if let Some(part) = &filter.actor_part {
            query = query.filter(contains!(audit_logs::actor, part));
        }
        if let Some(part) = &filter.source_ip_part {
            query = query.filter(contains!(audit_logs::source_ip, part));
        }
        if let Some(part) = &filter.text {
            query = query.filter(contains!(audit_logs::actor, part).or(contains!(audit_logs::source_ip, part)));
        }
        query
    }};
}

/// Query for the matching entries of a window, without the condition on networks.
macro_rules! matching {
    ($db:ty, $scan:expr, $window:expr) => {{
        let (scan, window): (&Scan<'_>, &Window) = ($scan, $window);
        // The raw SQL keeps diesel from caching the statement: filters produce up to a million variants.
        let query = filtered!(log!($db, scan), scan.filter).filter(sql::<Bool>("TRUE"));
        let (lower, upper) = match &window.beyond {
            Some(beyond) if scan.newest_first => (beyond, &scan.upper),
            Some(beyond) => (&scan.lower, beyond),
            None => (&scan.lower, &scan.upper),
        };
        // With two conditions on the id, SQLite might search the index with the wrong one: the scan would be unbounded.
        match &window.ids {
            Some(ids) => query.filter(audit_logs::id.eq_any(ids)),
            None => query.filter(audit_logs::id.gt(lower).and(audit_logs::id.lt(upper))),
        }
    }};
}

impl<'a> Scan<'a> {
    /// Prepares a scan that starts at a cursor, stays below the horizon, and stays within the time range of the filter.
    pub(super) fn new(
        conn: &mut Connection,
        tenant: Option<TenantId>,
        filter: &'a AuditFilter,
        horizon: Option<&Horizon>,
        cursor: AuditCursor,
    ) -> Result<Self, DbError> {
        let (lower, upper, newest_first) = match cursor {
            AuditCursor::After(id) => (id.to_string(), ABOVE_ALL.to_owned(), false),
            AuditCursor::Before(id) => (String::new(), id.to_string(), true),
        };
        let upper = horizon.map(|horizon| horizon.end.clone()).into_iter().fold(upper, String::min);
        Self { tenant, filter, lower, upper, newest_first }.created(conn, filter.start, filter.end)
    }

    pub(super) fn above(tenant: TenantId, filter: &'a AuditFilter, horizon: &Horizon) -> Self {
        let lower = horizon.end.clone();
        Self { tenant: Some(tenant), filter, lower, upper: ABOVE_ALL.to_owned(), newest_first: true }
    }

    /// Limits the scan to the possible ids of entries that were created from `start` until `end`.
    pub(super) fn created(
        mut self,
        conn: &mut Connection,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Self, DbError> {
        if start.is_some() || end.is_some() {
            let skew = Skew::load(conn)?;
            self.lower = start.map(|start| skew.lower(start)).unwrap_or_default().max(self.lower);
            self.upper = end.map(|end| skew.upper(end)).into_iter().fold(self.upper, String::min);
        }
        Ok(self)
    }

    pub(super) fn window(&self, conn: &mut Connection) -> Result<Window, DbError> {
        let range = || audit_logs::id.gt(&self.lower).and(audit_logs::id.lt(&self.upper));
        if let (Some(tenant), [actor]) = (self.tenant, self.filter.actor.any_of.as_slice()) {
            let examined = if self.filter.is_one_actor() { EXAMINED } else { EXAMINED / SEEK_COST };
            let mut ids = self.ids_of_actor(conn, tenant, actor, examined + 1)?;
            let is_whole = ids.len() <= examined;
            ids.truncate(examined);
            let last = ids.last().filter(|_| !is_whole).map(|id| row_convert::parse(id)).transpose()?;
            return Ok(Window { last, beyond: None, ids: Some(ids) });
        }
        let ends: Vec<String> = on_engine!(conn, c, Db => log!(Db, self)
            .filter(range())
            .select(audit_logs::id)
            .offset(EXAMINED as i64 - 1)
            .limit(2)
            .load(c))?;
        let [last, beyond] = ends.as_slice() else { return Ok(Window::default()) };
        Ok(Window { last: Some(row_convert::parse(last)?), beyond: Some(beyond.clone()), ids: None })
    }

    /// Returns the next `max` ids of one actor's entries, in the order of the scan.
    fn ids_of_actor(
        &self,
        conn: &mut Connection,
        tenant: TenantId,
        actor: &str,
        max: usize,
    ) -> Result<Vec<String>, DbError> {
        let tenant = tenant.to_string();
        let query =
            CachedSql::<Text>::new(if self.newest_first { NEWEST_OF_ACTOR } else { OLDEST_OF_ACTOR }).bind(&tenant);
        let query = query.bind(actor).bind(&self.lower).bind(actor).bind(&self.upper).bind(max as i64);
        Ok(on_engine!(conn, c, _Db => query.load(c))?)
    }

    /// Skips `skip` matching entries of a window and returns the ids of the next `max`, in the order of the scan.
    pub(super) fn matching(
        &self,
        conn: &mut Connection,
        window: &Window,
        skip: usize,
        max: usize,
    ) -> Result<Vec<AuditId>, DbError> {
        if let Some(ids) = window.ids.as_ref().filter(|_| self.filter.is_one_actor()) {
            return ids.iter().skip(skip).take(max).map(|id| row_convert::parse(id)).collect();
        }
        // Networks are compared here, because the engines have no common operator for them.
        let by_network = self.filter.source_ip.addresses().is_none();
        let (offset, limit, skip) = if by_network { (0, EXAMINED, skip) } else { (skip, max.min(EXAMINED), 0) };
        let rows: Vec<(String, String)> = on_engine!(conn, c, Db => {
            let columns = (audit_logs::id, audit_logs::source_ip);
            matching!(Db, self, window).select(columns).offset(offset as i64).limit(limit as i64).load(c)
        })?;
        let accepted = rows.iter().filter(|(_, source_ip)| !by_network || self.filter.source_ip.accept(source_ip));
        accepted.skip(skip).take(max).map(|(id, _)| row_convert::parse(id)).collect()
    }

    /// Returns the number of matching entries in a window, and the ids of at least the first `max` of them.
    pub(super) fn count(&self, conn: &mut Connection, window: &Window, max: usize) -> Result<Counted, DbError> {
        let is_counted_here = window.ids.is_some() || self.filter.source_ip.addresses().is_none();
        let max = if is_counted_here { EXAMINED } else { max.min(EXAMINED) };
        let ids = self.matching(conn, window, 0, max)?;
        let count = if ids.len() < max || is_counted_here {
            ids.len() as i64
        } else {
            on_engine!(conn, c, Db => matching!(Db, self, window).select(count_star()).order(count_star()).get_result(c))?
        };
        Ok((row_convert::total(count), ids))
    }

    /// Reads entries by their ids, in the order of the scan.
    pub(super) fn load(&self, conn: &mut Connection, ids: &[AuditId]) -> Result<Vec<AuditLogItem>, DbError> {
        let rows: Vec<Row> = on_engine!(conn, c, Db => {
            let ids = ids.iter().map(AuditId::to_string);
            log!(Db, self).filter(audit_logs::id.eq_any(ids)).select(Row::as_select()).load(c)
        })?;
        row_convert::all(rows)
    }
}
