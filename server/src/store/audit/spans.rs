//! All logs together, in spans of some thousand entries (`audit_spans`; SQLite only): totals of parts of a day, far places
//! and rare types are found by counting spans, and no more than two spans' entries. A job adds spans at the end, triggers
//! keep them exact: there is one writer, so nothing is written unseen.

use std::collections::BTreeMap;

use diesel::{dsl::sql, prelude::*, sql_types::BigInt, sqlite::Sqlite};
use doorward_shared::{AuditType, Timestamp};

use super::{
    super::{
        Connection, DbError,
        schema::{audit_logs, audit_spans},
    },
    first_id, long_logs,
    walk::{Page, Range, entries},
};
use crate::domain::audit::AuditFilter;

/// Entries of a span when it is made; tests have no time for so many.
const LENGTH: i64 = if cfg!(test) { 64 } else { 4_096 };
/// Rows of `audit_spans` that are read at a time on the way to older spans.
const AT_ONCE: i64 = if cfg!(test) { 16 } else { 512 };

/// The last span that ends not behind a place.
pub(super) fn last_end(c: &mut SqliteConnection, before: Option<&str>) -> QueryResult<Option<String>> {
    let mut query = audit_spans::table.select(audit_spans::end_id).into_boxed::<Sqlite>();
    if let Some(before) = before {
        query = query.filter(audit_spans::end_id.le(before.to_owned()));
    }
    query.order(audit_spans::end_id.desc()).limit(1).first(c).optional()
}

fn count_entries(c: &mut SqliteConnection, filter: &AuditFilter, range: &Range) -> QueryResult<i64> {
    if range.holds_nothing() { Ok(0) } else { entries!(Sqlite, None, filter, range).count().get_result(c) }
}

/// How many entries of all logs are in a filter's time and of its types.
pub(super) fn count(c: &mut SqliteConnection, filter: &AuditFilter) -> QueryResult<i64> {
    let range = Range::of(filter);
    let first: Option<String> = match &range.from {
        None => None,
        Some(from) => {
            let ends = audit_spans::table.select(audit_spans::end_id).filter(audit_spans::end_id.ge(from));
            let Some(first) = ends.order(audit_spans::end_id.asc()).limit(1).first(c).optional()? else {
                return count_entries(c, filter, &range);
            };
            Some(first)
        }
    };
    let last = last_end(c, range.before.as_deref())?;
    let Some(last) = last.filter(|last| first.as_ref().is_none_or(|first| first < last)) else {
        return count_entries(c, filter, &range);
    };
    let mut whole = audit_spans::table
        .select(sql::<BigInt>("COALESCE(SUM(count), 0)"))
        .filter(audit_spans::end_id.le(last.clone()))
        .into_boxed::<Sqlite>();
    if let Some(kinds) = filter.fitting_kinds() {
        whole = whole.filter(audit_spans::kind.eq_any(kinds.into_iter().map(AuditType::as_str)));
    }
    let mut total = 0;
    if let Some(first) = first {
        whole = whole.filter(audit_spans::end_id.gt(first.clone()));
        total += count_entries(c, filter, &Range { from: range.from, before: Some(first) })?;
    }
    total += whole.get_result::<i64>(c)?;
    total += count_entries(c, filter, &Range { from: Some(last), before: range.before })?;
    Ok(total)
}

/// Reads on in a part of all logs.
pub(super) fn read(conn: &mut Connection, page: &mut Page<'_>, part: Range) -> Result<(), DbError> {
    let Connection::Sqlite(c) = conn else { return page.read(conn, part) };
    let Some(mut end) = last_end(c, part.before.as_deref())? else { return page.read(conn, part) };
    let kinds = page.filter.fitting_kinds();
    let fits = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|fitting| fitting.as_str() == kind));
    // Behind the last whole span nothing is counted.
    page.read(conn, Range { from: Some(end.clone()), before: part.before.clone() }.within(&part))?;
    while !page.is_full() {
        let Some(rows) = older(conn, &end)? else { return Ok(()) };
        let is_all = i64::try_from(rows.len()).is_ok_and(|read| read < AT_ONCE);
        let mut spans: BTreeMap<String, i64> = BTreeMap::new();
        for (end, kind, count) in rows {
            *spans.entry(end).or_default() += if fits(&kind) { count } else { 0 };
        }
        let mut spans = spans.into_iter().rev().peekable();
        while let Some((before, count)) = spans.next() {
            let begin = spans.peek().map(|(begin, _)| begin.clone());
            if begin.is_none() && !is_all {
                // Perhaps not all of its types were read: it is the first of the next ones.
                end = before;
                break;
            }
            if page.is_full() || part.from.as_ref().is_some_and(|from| *from >= before) {
                return Ok(());
            }
            let span = Range { from: begin, before: Some(before) };
            if !page.passes(&part, &span, count) {
                page.read(conn, span.within(&part))?;
            }
        }
        if is_all {
            break;
        }
    }
    Ok(())
}

/// A span's end, a type, and how many entries of it are in the span.
type Counted = (String, String, i64);

/// Spans up to one, newest first.
fn older(conn: &mut Connection, end: &str) -> Result<Option<Vec<Counted>>, DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(None) };
    let spans = audit_spans::table
        .select((audit_spans::end_id, audit_spans::kind, audit_spans::count))
        .filter(audit_spans::end_id.le(end))
        .order(audit_spans::end_id.desc());
    Ok(Some(spans.limit(AT_ONCE).load(c)?))
}

/// Makes a span of the oldest entries that have none, once they are enough. Answers whether it did. Entries of a clock that
/// was ahead are not among them: a span that ended there would take in all that come until then.
///
/// # Errors
/// [`DbError`] of the database.
pub fn extend(conn: &mut Connection, now: Timestamp) -> Result<bool, DbError> {
    let Connection::Sqlite(c) = conn else { return Ok(false) };
    let begin = last_end(c, None)?.unwrap_or_default();
    let end: Option<String> = audit_logs::table
        .select(audit_logs::id)
        .filter(audit_logs::id.ge(&begin).and(audit_logs::id.lt(first_id(now))))
        .order(audit_logs::id.asc())
        .offset(LENGTH)
        .limit(1)
        .first(c)
        .optional()?;
    let Some(end) = end.filter(|end| *end != begin) else { return Ok(false) };
    let counts: Vec<(String, i64)> = audit_logs::table
        .filter(audit_logs::id.ge(&begin).and(audit_logs::id.lt(&end)))
        .group_by(audit_logs::kind)
        .select((audit_logs::kind, sql::<BigInt>("COUNT(*)")))
        .load(c)?;
    for (kind, count) in counts {
        let span = (audit_spans::end_id.eq(&end), audit_spans::kind.eq(kind), audit_spans::count.eq(count));
        diesel::insert_into(audit_spans::table).values(span).execute(c)?;
    }
    // Where a span is empty, the next one is as long as both.
    diesel::delete(audit_spans::table.filter(audit_spans::count.le(0))).execute(c)?;
    long_logs::add_span(c, &begin, &end)?;
    // Any of its entries: the more of them a log has, the sooner it is looked at.
    let any = audit_logs::table.filter(audit_logs::id.ge(&begin)).order(audit_logs::id.asc());
    let tenant: String = any.select(audit_logs::tenant_id).limit(1).first(c)?;
    long_logs::notice(conn, &tenant)?;
    Ok(true)
}
