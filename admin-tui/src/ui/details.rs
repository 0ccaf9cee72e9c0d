//! Parts that several screens draw: details, placeholders, filters, and common table cells.

use doorward_shared::{TenantId, Timestamp, audit::AdminAuditLogItem};
use ratatui::layout::{Constraint, Layout, Rect};

use super::{
    canvas::{Canvas, below, right_of, row},
    filter_input::FilterInput,
    list::PagedList,
    marks::Keyed,
    table::{Cell, Column, cell},
    theme::Tone,
};
use crate::{api::ApiError, number_format::short, time_format};

/// Minimum width of a screen that shows details beside its list.
pub const WIDE: u16 = 120;
/// Keys and tokens that expire within this time (in milliseconds) are highlighted.
const EXPIRES_SOON_MS: i64 = 14 * 86_400_000;
const NAME_WIDTH: u16 = 13;

pub type Detail = (&'static str, String, Tone);

/// Splits an area into a list and a pane of the given width beside it. On narrow terminals, the pane lies below the
/// list, and exists only if `wants_below` is true.
pub fn split_details(area: Rect, width: u16, wants_below: bool) -> (Rect, Option<Rect>) {
    if area.width >= WIDE {
        let columns = [Constraint::Fill(1), Constraint::Length(width)];
        let [list, pane] = Layout::horizontal(columns).spacing(1).areas(area);
        return (list, Some(pane));
    }
    if !wants_below {
        return (area, None);
    }
    let [list, pane] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(area);
    (list, Some(pane))
}

impl Canvas<'_> {
    /// Draws a loaded list as a table, or explains why there are no rows.
    pub fn paged_list<'r, T: Keyed>(
        &mut self,
        area: Rect,
        list: &'r PagedList<T>,
        empty: &str,
        columns: &[Column],
        cells: impl Fn(&'r T) -> Vec<Cell<'r>>,
    ) {
        if list.rows.is_empty() {
            return self.placeholder(area, list.loaded, list.error.as_ref(), empty);
        }
        let with_mark = |row: &'r T| {
            let mut cells = cells(row);
            list.marks().add_to_cells(row, &mut cells);
            cells
        };
        self.table(area, columns, list.rows.iter(), &list.selection, true, with_mark);
        self.stale_marker(area, list.error.as_ref());
    }

    /// Draws a text in place of missing data: the error, the reason for an empty list, or a note that data is loading.
    pub fn placeholder(&mut self, area: Rect, loaded: bool, error: Option<&ApiError>, empty: &str) {
        let place = Rect { width: area.width.saturating_sub(4), ..below(right_of(area, 2), 1) };
        match error {
            Some(error) => self.paragraph(place, &format!("✗ {error}"), Tone::Bad),
            None if loaded => self.paragraph(place, empty, Tone::Dim),
            None => self.line(place, &[(self.spinner(), Tone::Accent), (" Loading…", Tone::Dim)]),
        };
    }

    /// If the content of an area could not be updated, draws the error in the last row of the area. Ignores temporary
    /// errors, such as connection errors, which the header shows.
    pub fn stale_marker(&mut self, area: Rect, error: Option<&ApiError>) {
        if let Some(error) = error.filter(|error| !error.is_transient()) {
            let line = row(area, area.height.saturating_sub(1));
            self.clear(line);
            self.line(right_of(line, 1), &[(&format!("✗ not up to date: {error}"), Tone::Bad)]);
        }
    }

    /// Draws the line of a filter while the filter is edited or applied. Returns the rest of the area.
    pub fn filter_line(&mut self, area: Rect, filter: &FilterInput) -> Rect {
        if !filter.active && filter.text().is_none() {
            return area;
        }
        let place = right_of(area, 1);
        self.line(place, &[("/ ", Tone::Accent)]);
        let input = right_of(place, 2);
        self.text_input(Rect { width: 40.min(input.width.saturating_sub(1)), ..input }, &filter.input, filter.active);
        below(area, 1)
    }

    /// Draws details, one below the other. Values wrap. Returns the number of rows used.
    pub fn details(&mut self, area: Rect, details: &[Detail]) -> u16 {
        let mut used = 0;
        for (name, value, tone) in details {
            let place = below(area, used);
            if place.is_empty() {
                break;
            }
            self.line(Rect { width: NAME_WIDTH.min(place.width), ..place }, &[(name, Tone::Dim)]);
            used += self.paragraph(right_of(place, NAME_WIDTH), value, *tone).max(1);
        }
        used
    }
}

/// Cell with the tenant of an audit entry: its name, or its id if the tenant was deleted.
pub fn tenant_cell(item: &AdminAuditLogItem) -> Cell<'_> {
    match (&item.tenant_name, item.entry.tenant_id) {
        (Some(name), _) => cell(name, Tone::Plain),
        (None, TenantId::INSTALLATION) => cell("installation", Tone::Dim),
        (None, id) => cell(id.to_string(), Tone::Dim),
    }
}

pub fn age_cell(now: Timestamp, at: Option<Timestamp>) -> Cell<'static> {
    at.map_or_else(|| cell("never", Tone::Dim), |at| cell(time_format::ago(now, at), Tone::Plain))
}

pub fn expiry_cell(now: Timestamp, at: Option<Timestamp>) -> Cell<'static> {
    match at {
        None => cell("never", Tone::Dim),
        Some(at) if at <= now => cell(format!("expired {}", time_format::ago(now, at)), Tone::Bad),
        Some(at) if at <= now.plus_millis(EXPIRES_SOON_MS) => cell(time_format::ago(now, at), Tone::Warn),
        Some(at) => cell(time_format::ago(now, at), Tone::Plain),
    }
}

pub const fn refusal_tone(count: u64) -> Tone {
    if count == 0 { Tone::Dim } else { Tone::Bad }
}

pub fn refusals_cell(count: u64) -> Cell<'static> {
    cell(short(count), refusal_tone(count))
}
