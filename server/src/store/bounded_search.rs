//! Searches of long lists, newest rows first, at a bounded cost for each page.
//!
//! What begins with the text is found through indexes, wherever it stands. What only contains it needs looking at rows:
//! a page looks at [`LOOKED_AT`] and says where the next one goes on. So a page may hold few rows, or none, and still
//! have a next one.

use super::{Connection, DbError};
use crate::domain::list::{Place, SearchPlace, Stage};

/// Up to so many rows of one index are listed first; where more begin with the text, rows are looked at in their order.
pub(super) const FEW: usize = 500;
/// How many rows of one index are read to know that they are more.
pub(super) const MORE_THAN_FEW: i64 = FEW as i64 + 1;
/// Rows a page looks at.
pub(super) const LOOKED_AT: i64 = 5_000;

/// A page of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// How many rows are known to match; all of them, when there is no next page.
    pub known: u64,
    /// Where the next page begins.
    pub next: Option<SearchPlace>,
}

/// Rows that contain the text, of those that were looked at.
pub(super) struct Looked<R> {
    /// The rows, newest first; one more than asked for if there is one.
    pub(super) rows: Vec<R>,
    /// The last row that was looked at, unless it was the list's last.
    pub(super) end: Option<Place>,
}

/// What a table knows of its rows.
pub(super) trait Table {
    type Row;

    /// A row's place in the order of time.
    fn place(row: &Self::Row) -> Place;

    /// All rows that begin with the text, in any order, some perhaps twice; `None` when they are more than [`FEW`].
    fn beginning(&self, conn: &mut Connection) -> Result<Option<Vec<Self::Row>>, DbError>;

    /// Rows older than a place that contain the text, at most `most`; without those that begin with it, if `rest`.
    fn look(
        &self,
        conn: &mut Connection,
        after: Option<&Place>,
        rest: bool,
        most: i64,
    ) -> Result<Looked<Self::Row>, DbError>;
}

/// A page without a search, of rows of which one more was read than it holds.
pub(super) fn plain<T: Table>(mut rows: Vec<T::Row>, limit: u32) -> Found<T::Row> {
    let known = rows.len() as u64;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let whole = rows.len() <= limit;
    rows.truncate(limit);
    let place = rows.last().filter(|_| !whole).map(T::place);
    Found { rows, known, next: place.map(|place| SearchPlace { stage: Stage::All, place, seen: 0 }) }
}

/// A page of a search.
pub(super) fn page<T: Table>(
    conn: &mut Connection,
    table: &T,
    after: Option<SearchPlace>,
    limit: u32,
) -> Result<Found<T::Row>, DbError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let seen = after.as_ref().map_or(0, |after| after.seen);
    let mut rows = Vec::new();
    let (stage, from) = match after {
        Some(SearchPlace { stage: stage @ (Stage::Rest | Stage::All), place, .. }) => (stage, Some(place)),
        first => match table.beginning(conn)? {
            None => (Stage::All, None),
            Some(mut beginning) => {
                let from = first.map(|first| first.place);
                beginning.retain(|row| from.as_ref().is_none_or(|from| T::place(row) < *from));
                beginning.sort_by_key(|row| std::cmp::Reverse(T::place(row)));
                beginning.dedup_by_key(|row| T::place(row));
                let known = seen + beginning.len() as u64;
                beginning.truncate(limit);
                rows = beginning;
                if rows.len() == limit {
                    let next = rows.last().map(|row| SearchPlace {
                        stage: Stage::Beginning,
                        place: T::place(row),
                        seen: seen + rows.len() as u64,
                    });
                    return Ok(Found { rows, known, next });
                }
                (Stage::Rest, None)
            }
        },
    };
    let room = limit - rows.len();
    let most = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
    let looked = table.look(conn, from.as_ref(), stage == Stage::Rest, most)?;
    let more = looked.rows.len() > room;
    let known = seen + (rows.len() + looked.rows.len()) as u64;
    rows.extend(looked.rows.into_iter().take(room));
    let end = if more { rows.last().map(T::place) } else { looked.end };
    let next = end.map(|place| SearchPlace { stage, place, seen: seen + rows.len() as u64 });
    Ok(Found { rows, known, next })
}
