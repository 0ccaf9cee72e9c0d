//! The bounded scan, by which every list reads the log on both engines.
//!
//! A scan covers a range of ids of one log or of all, in one direction. It first finds its window, the next [`EXAMINED`]
//! entries of the range, by stepping through an index. Then it returns the ids of the matching entries in the window. With
//! one exact actor the window contains only this actor's entries, from the index by actor.

use diesel::prelude::*;
use doorward_shared::{AuditId, TenantId, Timestamp, audit::AuditLogItem};

use super::{
    Connection, DbError, EXAMINED,
    entry::Row,
    filter::{addresses, filtered, matches_networks},
    ids::ABOVE_ALL,
    on_engine, row_convert,
    schema::audit_logs,
    skew::Skew,
};
use crate::domain::audit::AuditFilter;

/// A log, a filter, and the range of ids to scan. Both bounds are exclusive.
pub(super) struct Scan<'a> {
    pub(super) tenant: Option<TenantId>,
    pub(super) filter: &'a AuditFilter,
    lower: String,
    upper: String,
    newest_first: bool,
}

/// The entries that one scan examines.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// The last entry of the window, `None` when the scan reaches the end of its range.
    pub(super) last: Option<AuditId>,
    /// The first id beyond the window.
    beyond: Option<String>,
    /// The entries of one actor. Without them, the window is a range.
    ids: Option<Vec<String>>,
}

/// `audit_logs` of a scan between two ids, in its order.
macro_rules! between {
    ($db:ty, $scan:expr, $lower:expr, $upper:expr) => {{
        let (scan, lower, upper): (&Scan<'_>, &str, &str) = ($scan, $lower, $upper);
        let mut query = audit_logs::table
            .filter(audit_logs::id.gt(lower.to_owned()).and(audit_logs::id.lt(upper.to_owned())))
            .into_boxed::<$db>();
        if let Some(tenant) = scan.tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant.to_string()));
        }
        if scan.newest_first { query.order(audit_logs::id.desc()) } else { query.order(audit_logs::id.asc()) }
    }};
}

impl<'a> Scan<'a> {
    /// Prepares a scan of all ids that the filter's times allow.
    pub(super) fn new(
        conn: &mut Connection,
        tenant: Option<TenantId>,
        filter: &'a AuditFilter,
        newest_first: bool,
    ) -> Result<Self, DbError> {
        let scan = Self { tenant, filter, lower: String::new(), upper: ABOVE_ALL.to_owned(), newest_first };
        if filter.start.is_none() && filter.end.is_none() {
            Ok(scan)
        } else {
            scan.created(conn, filter.start, filter.end)
        }
    }

    /// Restricts the scan to ids of entries that were created between two times.
    pub(super) fn created(
        self,
        conn: &mut Connection,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Self, DbError> {
        let skew = Skew::load(conn)?;
        let scan = match start {
            Some(start) => self.above(skew.lower(start)),
            None => self,
        };
        Ok(match end {
            Some(end) => scan.below(skew.upper(end)),
            None => scan,
        })
    }

    pub(super) fn above(mut self, id: String) -> Self {
        self.lower = self.lower.max(id);
        self
    }

    pub(super) fn below(mut self, id: String) -> Self {
        self.upper = self.upper.min(id);
        self
    }

    /// Finds the entries that this scan examines.
    pub(super) fn window(&self, conn: &mut Connection) -> Result<Window, DbError> {
        if let (Some(_), [actor]) = (self.tenant, self.filter.actor.any_of.as_slice()) {
            let mut ids: Vec<String> = on_engine!(conn, c, Db => between!(Db, self, &self.lower, &self.upper)
                .filter(audit_logs::actor.eq(actor))
                .select(audit_logs::id)
                .limit(EXAMINED + 1)
                .load(c))?;
            let last = usize::try_from(EXAMINED - 1).ok().and_then(|last| ids.get(last)).cloned();
            let beyond = last.is_some().then(|| ids.pop()).flatten();
            let last = beyond.and(last).as_deref().map(row_convert::parse).transpose()?;
            return Ok(Window { last, beyond: None, ids: Some(ids) });
        }
        let ends: Vec<String> = on_engine!(conn, c, Db => between!(Db, self, &self.lower, &self.upper)
            .select(audit_logs::id)
            .offset(EXAMINED - 1)
            .limit(2)
            .load(c))?;
        Ok(match ends.as_slice() {
            [last, beyond] => Window { last: Some(row_convert::parse(last)?), beyond: Some(beyond.clone()), ids: None },
            _ => Window::default(),
        })
    }

    /// Returns the ids of at most `limit` matching entries in a window, in the order of the scan.
    pub(super) fn matching(
        &self,
        conn: &mut Connection,
        window: &Window,
        limit: usize,
    ) -> Result<Vec<AuditId>, DbError> {
        let by_network = addresses(&self.filter.source_ip).is_none();
        let most = if by_network { EXAMINED } else { i64::try_from(limit).unwrap_or(EXAMINED).min(EXAMINED) };
        let (lower, upper) = match &window.beyond {
            // The bound replaces that of the range: with two of them, SQLite would use the first.
            Some(beyond) if self.newest_first => (beyond, &self.upper),
            Some(beyond) => (&self.lower, beyond),
            None => (&self.lower, &self.upper),
        };
        let rows: Vec<(String, String)> = on_engine!(conn, c, Db => {
            let mut query = filtered!(between!(Db, self, lower, upper), self.filter);
            if let Some(ids) = &window.ids {
                query = query.filter(audit_logs::id.eq_any(ids));
            }
            query.select((audit_logs::id, audit_logs::source_ip)).limit(most).load(c)
        })?;
        rows.iter()
            .filter(|(_, source_ip)| !by_network || matches_networks(self.filter, source_ip))
            .take(limit)
            .map(|(id, _)| row_convert::parse(id))
            .collect()
    }

    /// Reads entries by their ids, in the order of the scan.
    pub(super) fn load(&self, conn: &mut Connection, ids: &[AuditId]) -> Result<Vec<AuditLogItem>, DbError> {
        let rows: Vec<Row> = on_engine!(conn, c, Db => {
            let ids = ids.iter().map(AuditId::to_string);
            let mut query = audit_logs::table.filter(audit_logs::id.eq_any(ids)).into_boxed::<Db>();
            if let Some(tenant) = self.tenant {
                query = query.filter(audit_logs::tenant_id.eq(tenant.to_string()));
            }
            query.select(Row::as_select()).load(c)
        })?;
        let mut items: Vec<AuditLogItem> = row_convert::all(rows)?;
        items.sort_unstable_by_key(|item| item.id);
        if self.newest_first {
            items.reverse();
        }
        Ok(items)
    }
}
