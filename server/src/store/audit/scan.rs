//! The bounded scan: the one algorithm by which every list reads the log, on both engines.
//!
//! A scan covers a range of ids of one log or of all, in one direction. It first finds its window, the next [`EXAMINED`]
//! entries of the range, by skipping through an index; then it returns the keys of the entries in the window that match.

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

/// A range of ids to scan. Both bounds are exclusive.
pub(super) struct Scan<'a> {
    pub(super) tenant: Option<TenantId>,
    pub(super) filter: &'a AuditFilter,
    lower: String,
    upper: String,
    newest_first: bool,
}

/// The entries that one scan examines.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// The last entry of the window, `None` when the scan reaches the end of its range.
    pub(super) last: Option<AuditId>,
}

impl Window {
    /// The whole range, for scans that a limit bounds.
    pub(super) const fn whole() -> Self {
        Self { last: None }
    }
}

/// `audit_logs` in the range and log of a scan, and with its exact actor, for which there is an index.
macro_rules! in_range {
    ($db:ty, $scan:expr) => {{
        let scan: &Scan<'_> = $scan;
        let mut query = audit_logs::table
            .filter(audit_logs::id.gt(scan.lower.clone()))
            .filter(audit_logs::id.lt(scan.upper.clone()))
            .into_boxed::<$db>();
        if let Some(tenant) = scan.tenant {
            query = query.filter(audit_logs::tenant_id.eq(tenant.to_string()));
            if let Some(actor) = scan.actor() {
                query = query.filter(audit_logs::actor.eq(actor.to_owned()));
            }
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
        let skew = if filter.start.is_some() || filter.end.is_some() { Skew::load(conn)? } else { Skew::default() };
        let lower = filter.start.map_or_else(String::new, |start| skew.lower(start));
        let upper = filter.end.map_or_else(|| ABOVE_ALL.to_owned(), |end| skew.upper(end));
        Ok(Self { tenant, filter, lower, upper, newest_first })
    }

    pub(super) fn above(mut self, id: String) -> Self {
        self.lower = self.lower.max(id);
        self
    }

    pub(super) fn below(mut self, id: String) -> Self {
        self.upper = self.upper.min(id);
        self
    }

    /// Restricts the scan to entries created in a span of time.
    pub(super) fn between(self, conn: &mut Connection, start: Timestamp, end: Timestamp) -> Result<Self, DbError> {
        let skew = Skew::load(conn)?;
        Ok(self.above(skew.lower(start)).below(skew.upper(end)))
    }

    /// Returns the actor when the filter accepts exactly one.
    fn actor(&self) -> Option<&str> {
        match self.filter.actor.any_of.as_slice() {
            [actor] => Some(actor),
            _ => None,
        }
    }

    /// Finds the entries that this scan examines.
    pub(super) fn window(&self, conn: &mut Connection) -> Result<Window, DbError> {
        let ends: Vec<String> = on_engine!(conn, c, Db => in_range!(Db, self)
            .select(audit_logs::id)
            .offset(EXAMINED - 1)
            .limit(2)
            .load(c))?;
        let last = match ends.as_slice() {
            [last, _] => Some(row_convert::parse(last)?),
            _ => None,
        };
        Ok(Window { last })
    }

    /// Returns the ids of at most `limit` matching entries in a window, in the order of the scan.
    pub(super) fn matching(
        &self,
        conn: &mut Connection,
        window: &Window,
        limit: usize,
    ) -> Result<Vec<AuditId>, DbError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX).min(EXAMINED);
        let by_network = addresses(&self.filter.source_ip).is_none();
        let rows: Vec<(String, String)> = on_engine!(conn, c, Db => {
            let mut query = filtered!(in_range!(Db, self), self.filter);
            if let Some(last) = window.last {
                let last = last.to_string();
                let within: Box<dyn BoxableExpression<audit_logs::table, Db, SqlType = diesel::sql_types::Bool>> =
                    if self.newest_first { Box::new(audit_logs::id.ge(last)) } else { Box::new(audit_logs::id.le(last)) };
                query = query.filter(within);
            }
            query
                .select((audit_logs::id, audit_logs::source_ip))
                .limit(if by_network { EXAMINED } else { most })
                .load(c)
        })?;
        rows.iter()
            .filter(|(_, source_ip)| !by_network || matches_networks(self.filter, source_ip))
            .take(limit)
            .map(|(id, _)| row_convert::parse(id))
            .collect()
    }

    /// Reads entries by their ids, in the order of the scan.
    pub(super) fn load(&self, conn: &mut Connection, ids: &[AuditId]) -> Result<Vec<AuditLogItem>, DbError> {
        let keys = || ids.iter().map(AuditId::to_string);
        let rows: Vec<Row> = on_engine!(conn, c, Db => {
            let mut query = audit_logs::table.filter(audit_logs::id.eq_any(keys())).into_boxed::<Db>();
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
