//! Walks a log from its newest entry to older ones. Where the counters say that there is nothing that fits, or no more than
//! is to be passed over, no entry is read.

use diesel::prelude::*;
use doorward_shared::{AuditId, TenantId, Timestamp};

use super::{
    super::{Connection, DbError, on_engine, schema::audit_logs},
    Row, count,
    days::Days,
    few::Known,
    first_id, spans,
    top::Candidates,
};
use crate::domain::audit::AuditFilter;

/// From here on, passing over days by their counters takes less time than reading their entries.
const FAR: i64 = 1_000;

/// So many entries are walked before anything else is asked: pages of what is not rare are full by then.
const NEAR: i64 = if cfg!(test) { 20 } else { 5_000 };

/// So many entries are walked in the time that the newest entry of a word is looked for,
const WORTH: i64 = 30;
/// and no more than these where nobody knows how many words there are.
const FURTHER: i64 = 6 * NEAR;
/// The same of all logs, whose index holds side by side what a filter asks for.
const FAR_IN_ALL_LOGS: i64 = 16 * NEAR;

/// Ids from the first on and before the second, where there is one. Of two bounds on one side, SQLite searches by the one that
/// is written first, and reads on to the other: whatever else bounds a filter's time is made one bound with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Option<String>,
    pub(super) before: Option<String>,
}

impl Range {
    /// The ids of a filter's time.
    pub(super) fn of(filter: &AuditFilter) -> Self {
        Self { from: filter.start.map(first_id), before: filter.end.map(first_id) }
    }

    fn of_day(day: i64) -> Self {
        Self { from: Some(first_id(Timestamp::of_day(day))), before: Some(first_id(Timestamp::of_day(day + 1))) }
    }

    /// What of it comes before an entry.
    pub(super) fn before(self, id: AuditId) -> Self {
        self.within(&Self { from: None, before: Some(id.to_string()) })
    }

    /// What of it comes after an entry.
    pub(super) fn after(self, id: AuditId) -> Self {
        // Comes right behind the id: each id is as long as the other.
        self.within(&Self { from: Some(format!("{id} ")), before: None })
    }

    /// What of it another range has, too.
    pub(super) fn within(self, other: &Self) -> Self {
        let before = match (self.before, other.before.clone()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        // None comes before all texts.
        Self { from: self.from.max(other.from.clone()), before }
    }

    /// The day of the last entries that it may hold.
    fn last_day(&self) -> Option<i64> {
        // An id, or what one begins with: its time (RFC 9562, version 7).
        let (high, low) = self.before.as_ref()?.get(..13)?.split_once('-')?;
        let millis = i64::from_str_radix(high, 16).ok()? << 16 | i64::from_str_radix(low, 16).ok()?;
        Some(Timestamp::from_millis(millis).day())
    }

    pub(super) fn holds_nothing(&self) -> bool {
        matches!((&self.from, &self.before), (Some(from), Some(before)) if from >= before)
    }
}

/// Entries that fit a filter in a range of ids, as a boxed query; the filter's own time does not count.
macro_rules! entries {
    ($db:ident, $tenant:expr, $filter:expr, $range:expr) => {{
        let (filter, range): (&AuditFilter, &$crate::store::audit::walk::Range) = ($filter, $range);
        let of_any_time = AuditFilter { start: None, end: None, ..filter.clone() };
        let tenant: Option<doorward_shared::TenantId> = $tenant;
        let mut query = $crate::store::audit::filtered!(audit_logs::table.into_boxed::<$db>(), tenant, &of_any_time);
        if let Some(from) = &range.from {
            query = query.filter(audit_logs::id.ge(from.clone()));
        }
        if let Some(before) = &range.before {
            query = query.filter(audit_logs::id.lt(before.clone()));
        }
        query
    }};
}
pub(super) use entries;

/// What a page is to hold, and what it holds so far.
pub(super) struct Page<'a> {
    tenant: Option<TenantId>,
    pub(super) filter: &'a AuditFilter,
    /// Entries that are still to be passed over.
    left: i64,
    limit: i64,
    rows: Vec<Row>,
}

/// A page of entries in a range of ids, newest first, after `offset` newer ones. What is known of what the
/// filter's texts find is not looked for again.
pub(super) fn newest(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    range: Range,
    offset: i64,
    limit: i64,
    known: Known,
) -> Result<Vec<Row>, DbError> {
    let mut page = Page { tenant, filter, left: offset, limit, rows: Vec::new() };
    let has_types = filter.fitting_kinds().is_some();
    if offset < FAR && !has_types && !filter.looks_into_texts() {
        page.read_closely(conn, range)?;
        return Ok(page.rows);
    }
    let mut rest = range.clone();
    if offset < FAR && page.reads_near(conn, &mut rest, NEAR)? {
        return Ok(page.rows);
    }
    if filter.looks_into_texts() {
        let words = match &known {
            Known::Words(places) => Some(places.iter().map(|(_, words)| words.len() as i64).sum()),
            Known::Ways(_) | Known::Nothing => None,
        };
        if page.reads_further(conn, &mut rest, offset, words)? {
            return Ok(page.rows);
        }
        if let Some(candidates) = Candidates::of(conn, tenant, filter, offset.saturating_add(limit), known)? {
            return candidates.newest(conn, &range, offset, limit);
        }
        page.read_last(conn, &rest)?;
        return Ok(page.rows);
    }
    let days = Days { first: filter.start.map_or(i64::MIN, Timestamp::day), last: rest.last_day().unwrap_or(i64::MAX) };
    for (day, count) in count::by_day(conn, tenant, filter, days)?.into_iter().rev() {
        if page.is_full() {
            break;
        }
        let day = Range::of_day(day);
        if !page.passes(&rest, &day, count) {
            page.read_closely(conn, day.within(&rest))?;
        }
    }
    Ok(page.rows)
}

impl Page<'_> {
    pub(super) fn is_full(&self) -> bool {
        self.found() >= self.limit
    }

    /// Whether nothing is wanted of a part that has so many entries; they are passed over then. All of it is only known of
    /// what is whole within the range that is read.
    pub(super) fn passes(&mut self, range: &Range, part: &Range, count: i64) -> bool {
        let wanted = part.clone().within(range);
        if wanted.holds_nothing() || count == 0 {
            return true;
        }
        let passes = wanted == *part && count <= self.left;
        if passes {
            self.left -= count;
        }
        passes
    }

    /// How many entries it holds.
    fn found(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(i64::MAX)
    }

    /// Reads on in so many entries of a range, whatever they are, and leaves the rest of it. Answers whether that was enough.
    fn reads_near(&mut self, conn: &mut Connection, rest: &mut Range, entries: i64) -> Result<bool, DbError> {
        let all = AuditFilter::default();
        let from: Option<String> = on_engine!(conn, c, Db => entries!(Db, self.tenant, &all, rest)
            .select(audit_logs::id)
            .order(audit_logs::id.desc())
            .limit(1)
            .offset(entries)
            .first(c)
            .optional())?;
        let near = Range { from: from.or(rest.from.clone()), before: rest.before.clone() };
        self.read(conn, near.clone())?;
        if near == *rest || self.is_full() {
            return Ok(true);
        }
        rest.before = near.from;
        Ok(false)
    }

    /// Reads on behind the nearest entries, where these promise that it takes less time than to look for the newest entries of
    /// words, however many these are. Answers whether that was enough.
    fn reads_further(
        &mut self,
        conn: &mut Connection,
        rest: &mut Range,
        offset: i64,
        words: Option<i64>,
    ) -> Result<bool, DbError> {
        let hits = offset - self.left + self.found();
        let missing = self.left + self.limit - self.found();
        // Half as many again: what comes at random comes late at times.
        let further = NEAR * missing * 3 / (hits.max(1) * 2);
        let (most, further) = if self.tenant.is_none() {
            // What is found often, and now and then among the nearest, is worth a longer way.
            (FAR_IN_ALL_LOGS, further.min(FAR_IN_ALL_LOGS))
        } else {
            (FURTHER, further)
        };
        let most = words.map_or(most, |words| most.min(words.saturating_mul(WORTH)));
        Ok(hits > 0 && further <= most && self.reads_near(conn, rest, further)?)
    }

    /// Reads on in a range, by its spans if it has such.
    fn read_closely(&mut self, conn: &mut Connection, part: Range) -> Result<(), DbError> {
        if self.tenant.is_none() { spans::read(conn, self, part) } else { self.read(conn, part) }
    }

    /// Reads on in a range of which it is not known how many entries it has; another one may follow.
    pub(super) fn read(&mut self, conn: &mut Connection, part: Range) -> Result<(), DbError> {
        if !self.read_last(conn, &part)? && self.left > 0 && !part.holds_nothing() {
            let passed = on_engine!(conn, c, Db => entries!(Db, self.tenant, self.filter, &part)
                .count()
                .get_result::<i64>(c))?;
            self.left -= passed.min(self.left);
        }
        Ok(())
    }

    /// Reads on in the last range. Answers whether an entry was found there.
    fn read_last(&mut self, conn: &mut Connection, part: &Range) -> Result<bool, DbError> {
        if part.holds_nothing() || self.is_full() {
            return Ok(false);
        }
        let room = self.limit - self.found();
        let rows = on_engine!(conn, c, Db => entries!(Db, self.tenant, self.filter, part)
            .select(Row::as_select())
            .order(audit_logs::id.desc())
            .limit(room)
            .offset(self.left)
            .load::<Row>(c))?;
        let found = !rows.is_empty();
        if found {
            self.left = 0;
        }
        self.rows.extend(rows);
        Ok(found)
    }
}
