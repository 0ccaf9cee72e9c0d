//! Rows of a list: which is selected, which are in view, and how more of them come.

use crate::{
    api::ApiError,
    backend::{Answer, Call},
    message::{Reply, RequestId},
    model::Cx,
};

/// How near to the end of the loaded rows the next page is asked for.
const AHEAD: usize = 25;
/// Rows that are kept at most. What lies beyond is found by filtering.
const MOST_ROWS: usize = 10_000;

/// Which row of a list is selected, and which is the first in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub selected: usize,
    /// The first row in view.
    pub offset: usize,
    /// Rows that fit, as the last frame told.
    pub height: usize,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { selected: 0, offset: 0, height: 10 }
    }
}

impl Cursor {
    /// Selects a row, as near to it as the list has one, and brings it into view.
    pub fn select(&mut self, row: usize, rows: usize) {
        self.selected = row.min(rows.saturating_sub(1));
        self.offset = self.first_in_view(self.height, rows);
    }

    /// Moves the selection by some rows.
    pub fn step(&mut self, by: isize, rows: usize) {
        self.select(self.selected.saturating_add_signed(by), rows);
    }

    /// The first row to draw when so many fit: the selected one is always in view, and no line stays empty for nothing.
    #[must_use]
    pub fn first_in_view(&self, height: usize, rows: usize) -> usize {
        let height = height.max(1);
        let lowest = (self.selected + 1).saturating_sub(height);
        self.offset.clamp(lowest, self.selected.max(lowest)).min(rows.saturating_sub(height))
    }
}

/// A row that can be found again after the list was loaded afresh.
pub trait Row {
    /// What tells it from others.
    fn key(&self) -> String;
}

/// Rows as they arrived.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What leads to the next page.
    pub next: Option<String>,
    /// How many rows there are on all pages.
    pub total: Option<u64>,
}

impl<T> Loaded<T> {
    /// Rows of a list that has one page.
    #[must_use]
    pub const fn whole(rows: Vec<T>) -> Self {
        Self { rows, next: None, total: None }
    }
}

/// A list that is loaded page by page. What was loaded stays until something newer arrived.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// The rows so far.
    pub rows: Vec<T>,
    /// Selection and view.
    pub cursor: Cursor,
    /// How many rows there are on all pages.
    pub total: Option<u64>,
    /// Why the last call failed.
    pub error: Option<ApiError>,
    /// Whether anything has arrived yet.
    pub loaded: bool,
    next: Option<String>,
    pending: Option<(RequestId, Arrival)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// The same list: what was selected stays so.
    Fresh,
    /// Another list, from its first row.
    Other,
    /// What follows.
    More,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            cursor: Cursor::default(),
            total: None,
            error: None,
            loaded: false,
            next: None,
            pending: None,
        }
    }
}

impl<T: Row> Paged<T> {
    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.cursor.selected)
    }

    /// Whether an answer is awaited.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether more rows can be asked for.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next.is_some() && self.rows.len() < MOST_ROWS
    }

    /// Asks for the list from its beginning, in place of whatever was asked for before.
    pub fn load(&mut self, call: Call, cx: &mut Cx<'_>) {
        let is_other = matches!(self.pending, Some((_, Arrival::Other)));
        self.ask(call, if is_other { Arrival::Other } else { Arrival::Fresh }, cx);
    }

    /// Asks for a list in another order, or of other rows. Its first row will be selected.
    pub fn load_other(&mut self, call: Call, cx: &mut Cx<'_>) {
        self.ask(call, Arrival::Other, cx);
    }

    fn ask(&mut self, call: Call, arrival: Arrival, cx: &mut Cx<'_>) {
        if let Some((id, _)) = self.pending.take() {
            cx.cancel(id);
        }
        self.pending = Some((cx.ask(call), arrival));
    }

    /// Asks for the next page when the selection comes near the end; `call` makes the call from what leads there.
    pub fn load_more(&mut self, cx: &mut Cx<'_>, call: impl FnOnce(String) -> Call) {
        let near = self.cursor.selected + AHEAD >= self.rows.len();
        if self.pending.is_some() || !near || !self.has_more() {
            return;
        }
        if let Some(next) = self.next.clone() {
            self.pending = Some((cx.ask(call(next)), Arrival::More));
        }
    }

    /// Rows to ask for when the list is loaded afresh: as many as are there, as far as one page goes.
    #[must_use]
    pub fn page_size(&self) -> u32 {
        u32::try_from(self.rows.len().clamp(50, 200)).unwrap_or(200)
    }

    /// Takes an answer, or gives it back when it is for somebody else.
    pub fn settle(&mut self, reply: Reply, pick: impl FnOnce(Answer) -> Option<Loaded<T>>) -> Option<Reply> {
        let Some((_, arrival)) = self.pending.filter(|(id, _)| *id == reply.id) else { return Some(reply) };
        self.pending = None;
        match reply.result {
            Ok(answer) => {
                self.error = None;
                if let Some(loaded) = pick(answer) {
                    self.take(loaded, arrival);
                }
            }
            Err(error) => self.error = Some(error),
        }
        None
    }

    fn take(&mut self, loaded: Loaded<T>, arrival: Arrival) {
        let selected = self.selected().map(Row::key).filter(|_| arrival != Arrival::Other);
        match arrival {
            Arrival::Fresh => self.rows = loaded.rows,
            Arrival::Other => (self.rows, self.cursor.selected) = (loaded.rows, 0),
            Arrival::More => self.rows.extend(loaded.rows),
        }
        self.loaded = true;
        self.next = loaded.next;
        let all = if self.next.is_none() { u64::try_from(self.rows.len()).ok() } else { None };
        self.total = loaded.total.or(all);
        let found = selected.and_then(|key| self.rows.iter().position(|row| row.key() == key));
        self.cursor.select(found.unwrap_or(self.cursor.selected), self.rows.len());
    }

    /// Selects the row with this key, if it is there.
    pub fn select_key(&mut self, key: &str) {
        if let Some(at) = self.rows.iter().position(|row| row.key() == key) {
            self.cursor.select(at, self.rows.len());
        }
    }
}

/// One value that is loaded, and loaded again. The old one stays until the new one arrived.
#[derive(Debug, Clone)]
pub struct Remote<T> {
    /// The latest that arrived.
    pub value: Option<T>,
    /// Why the last call failed.
    pub error: Option<ApiError>,
    pending: Option<RequestId>,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { value: None, error: None, pending: None }
    }
}

impl<T> Remote<T> {
    /// Whether an answer is awaited.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Asks, in place of whatever was asked for before.
    pub fn load(&mut self, call: Call, cx: &mut Cx<'_>) {
        if let Some(id) = self.pending.take() {
            cx.cancel(id);
        }
        self.pending = Some(cx.ask(call));
    }

    /// Takes an answer, or gives it back when it is for somebody else.
    pub fn settle(&mut self, reply: Reply, pick: impl FnOnce(Answer) -> Option<T>) -> Option<Reply> {
        if self.pending != Some(reply.id) {
            return Some(reply);
        }
        self.pending = None;
        match reply.result.map(pick) {
            Ok(value) => {
                self.error = None;
                self.value = value.or_else(|| self.value.take());
            }
            Err(error) => self.error = Some(error),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn the_selected_row_is_always_in_view() {
        let mut cursor = Cursor { height: 5, ..Cursor::default() };
        for row in [0, 4, 5, 99, 50, 0] {
            cursor.select(row, 100);
            let first = cursor.first_in_view(5, 100);
            assert!((first..first + 5).contains(&row), "{row} from {first}");
        }
        cursor.select(99, 100);
        // The terminal grew: no empty lines while there are rows above.
        assert_eq!(cursor.first_in_view(20, 100), 80);
        cursor.select(7, 3);
        assert_eq!((cursor.selected, cursor.offset), (2, 0));
        cursor.step(-9, 3);
        assert_eq!(cursor.selected, 0);
        assert_eq!(cursor.first_in_view(5, 0), 0);
    }
}
