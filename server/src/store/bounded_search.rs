//! Searches of long lists, newest row first, with a bounded cost per page.
//!
//! Indexes find the prefix matches: rows in which a searched column starts with the search text. A scan in the order of
//! the list finds the rows in which a column contains the text elsewhere. One page examines [`EXAMINED`] rows and
//! returns a cursor for the next page, so a page may be short or empty.

use super::{Connection, DbError};
use crate::domain::list::{Cursor, SearchCursor, SearchStage};

/// Maximum number of prefix matches per index. If an index has more, prefix matches are not listed first.
pub(super) const MAX_PREFIXES: usize = 500;
/// Row limit of a query that detects whether there are more than [`MAX_PREFIXES`] rows.
pub(super) const PREFIX_LIMIT: i64 = MAX_PREFIXES as i64 + 1;
/// Maximum number of rows that a page examines.
pub(super) const EXAMINED: i64 = 5_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<R> {
    pub rows: Vec<R>,
    /// In a search, the number of matches found so far: at least those on this page and the pages before it. On the
    /// last page, this is the total. Without a search text, the total or a lower bound, depending on the list.
    pub known: u64,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<SearchCursor>,
}

/// Result of scanning at most [`EXAMINED`] rows.
pub(super) struct Examined<R> {
    /// Matching rows, newest first.
    pub(super) rows: Vec<R>,
    /// The last examined row; `None` if the scan reached the end of the list.
    pub(super) end: Option<Cursor>,
}

pub(super) trait Search {
    type Row;

    fn cursor(row: &Self::Row) -> Cursor;

    /// Returns all prefix matches, in any order, possibly with duplicates. Returns `None` if an index contains more
    /// than [`MAX_PREFIXES`] of them.
    fn prefixes(&self, conn: &mut Connection) -> Result<Option<Vec<Self::Row>>, DbError>;

    /// Examines the rows after a cursor and returns at most `limit` rows in which a searched column contains the text.
    /// `skip_prefixes` excludes prefix matches.
    fn examine(
        &self,
        conn: &mut Connection,
        after: Option<&Cursor>,
        skip_prefixes: bool,
        limit: i64,
    ) -> Result<Examined<Self::Row>, DbError>;
}

/// Orders a query by `created_at` and `id`, newest first, and starts after a cursor.
macro_rules! newest_first {
    ($query:expr, $table:ident, $after:expr) => {{
        let after: Option<&$crate::domain::list::Cursor> = $after;
        let query = $query.order(($table::created_at.desc(), $table::id.desc()));
        match after {
            None => query,
            // The first condition limits the index scan. The second condition excludes the cursor's row and the rows
            // before it that have the same key.
            Some(after) => query.filter($table::created_at.le(after.key.number())).filter(
                $table::created_at
                    .lt(after.key.number())
                    .or::<_, diesel::sql_types::Bool>($table::id.lt(after.id.clone())),
            ),
        }
    }};
}
pub(super) use newest_first;

/// Limits a query that is ordered by `created_at` and `$id`, newest first, to the rows up to a cursor, inclusive.
macro_rules! down_to {
    ($query:expr, $table:ident, $id:ident, $end:expr) => {{
        let end: Option<&$crate::domain::list::Cursor> = $end;
        match end {
            None => $query,
            Some(end) => $query.filter($table::created_at.ge(end.key.number())).filter(
                $table::created_at
                    .gt(end.key.number())
                    .or::<_, diesel::sql_types::Bool>($table::$id.ge(end.id.clone())),
            ),
        }
    }};
}
pub(super) use down_to;

/// Orders a query by `created_at` and `id` in the direction `$order`, and starts after a cursor.
macro_rules! in_order {
    ($query:expr, $table:ident, $order:expr, $after:expr) => {{
        let after: Option<&$crate::domain::list::Cursor> = $after;
        match ($order, after) {
            (Order::Descending, after) => newest_first!($query, $table, after),
            (Order::Ascending, None) => $query.order(($table::created_at.asc(), $table::id.asc())),
            (Order::Ascending, Some(after)) => $query
                .order(($table::created_at.asc(), $table::id.asc()))
                .filter($table::created_at.ge(after.key.number()))
                .filter(
                    $table::created_at
                        .gt(after.key.number())
                        .or::<_, diesel::sql_types::Bool>($table::id.gt(after.id.clone())),
                ),
        }
    }};
}
pub(super) use in_order;

/// Limits a query that is ordered by `created_at` and `$id` to the rows up to a cursor, inclusive.
macro_rules! up_to {
    ($query:expr, $table:ident, $id:ident, $order:expr, $end:expr) => {{
        let end: Option<&$crate::domain::list::Cursor> = $end;
        match ($order, end) {
            (Order::Descending, end) => down_to!($query, $table, $id, end),
            (Order::Ascending, None) => $query,
            (Order::Ascending, Some(end)) => $query.filter($table::created_at.le(end.key.number())).filter(
                $table::created_at
                    .lt(end.key.number())
                    .or::<_, diesel::sql_types::Bool>($table::$id.le(end.id.clone())),
            ),
        }
    }};
}
pub(super) use up_to;

/// Truncates rows to `limit`. Returns the cursor of the last remaining row if rows were removed.
pub(super) fn truncate<R>(rows: &mut Vec<R>, limit: u32, cursor: impl FnOnce(&R) -> Cursor) -> Option<Cursor> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(cursor)
}

/// Returns a page of a list without a search text. If there is a next page, `rows` contains one more row than the page.
pub(super) fn unfiltered<S: Search>(mut rows: Vec<S::Row>, limit: u32, known: u64) -> ListPage<S::Row> {
    let next = truncate(&mut rows, limit, S::cursor);
    ListPage { rows, known, next: next.map(|row| SearchCursor { stage: SearchStage::All, row, matches: 0 }) }
}

pub(super) fn page<S: Search>(
    conn: &mut Connection,
    search: &S,
    after: Option<SearchCursor>,
    limit: u32,
) -> Result<ListPage<S::Row>, DbError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let matches = after.as_ref().map_or(0, |after| after.matches);
    let mut rows = Vec::new();
    let (stage, start) = match after {
        Some(SearchCursor { stage: stage @ (SearchStage::Others | SearchStage::All), row, .. }) => (stage, Some(row)),
        in_prefixes => match search.prefixes(conn)? {
            None => (SearchStage::All, None),
            Some(mut prefixes) => {
                let start = in_prefixes.map(|cursor| cursor.row);
                prefixes.retain(|row| start.as_ref().is_none_or(|start| S::cursor(row) < *start));
                prefixes.sort_by_key(|row| std::cmp::Reverse(S::cursor(row)));
                prefixes.dedup_by_key(|row| S::cursor(row));
                let known = matches + prefixes.len() as u64;
                prefixes.truncate(limit);
                rows = prefixes;
                if rows.len() == limit {
                    let matches = matches + rows.len() as u64;
                    let next = rows.last().map(S::cursor);
                    let next = next.map(|row| SearchCursor { stage: SearchStage::Prefixes, row, matches });
                    return Ok(ListPage { rows, known, next });
                }
                (SearchStage::Others, None)
            }
        },
    };
    let room = limit - rows.len();
    let one_more = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
    let examined = search.examine(conn, start.as_ref(), stage == SearchStage::Others, one_more)?;
    let more = examined.rows.len() > room;
    let known = matches + (rows.len() + examined.rows.len()) as u64;
    rows.extend(examined.rows.into_iter().take(room));
    let end = if more { rows.last().map(S::cursor) } else { examined.end };
    let next = end.map(|row| SearchCursor { stage, row, matches: matches + rows.len() as u64 });
    Ok(ListPage { rows, known, next })
}
