//! The screens, one file each.

pub(super) mod audit;
pub(super) mod config;
pub(super) mod entry;
pub(super) mod overview;
pub(super) mod tenant;
pub(super) mod tenants;
pub(super) mod tokens;
pub(super) mod user;

use doorward_shared::{TenantId, Timestamp, audit::AdminAuditLogItem};
use ratatui::layout::Rect;

use super::{
    paint::{Painter, columns},
    table::{Cell, cell},
};
use crate::{api::ApiError, model::Tone, search::Search, when};

/// How wide a screen must be to show a pane beside its list.
const WIDE: u16 = 120;
/// How soon something expires when it is worth a look.
const SOON_MS: i64 = 14 * 86_400_000;

/// A list and a pane beside it, where there is room for both.
fn beside(area: Rect, pane: u16) -> (Rect, Option<Rect>) {
    if area.width < WIDE {
        return (area, None);
    }
    let list = Rect { width: area.width - pane - 1, ..area };
    (list, Some(Rect { x: list.right() + 1, width: pane, ..area }))
}

/// What stands where rows would be: why there are none, or that they are on their way.
fn instead_of_rows(painter: &mut Painter<'_>, area: Rect, loaded: bool, error: Option<&ApiError>, nothing: &str) {
    let place = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: 3.min(area.height) };
    match error {
        Some(error) => {
            painter.wrapped(place, &format!("✗ {error}"), Tone::Bad);
        }
        None if loaded => {
            painter.wrapped(place, nothing, Tone::Dim);
        }
        None => {
            let spinner = painter.spinner();
            painter.spans(place.x, place.y, place.width, &[(spinner, Tone::Accent), (" Loading…", Tone::Dim)]);
        }
    }
}

/// The last line of an area says that what is shown is not fresh, and why.
fn stale(painter: &mut Painter<'_>, area: Rect, error: Option<&ApiError>) {
    if let Some(error) = error.filter(|error| !error.is_passing()) {
        let y = area.bottom().saturating_sub(1);
        painter.clear(Rect { y, height: 1, ..area });
        painter.text(area.x + 1, y, area.width.saturating_sub(2), &format!("✗ not fresh: {error}"), Tone::Bad);
    }
}

/// The line of a filter: while it is written, and while it is in force. Answers what is left of the area.
fn search_line(painter: &mut Painter<'_>, area: Rect, search: &Search) -> Rect {
    if !search.active && search.text().is_none() {
        return area;
    }
    painter.text(area.x + 1, area.y, 2, "/ ", Tone::Accent);
    painter.field(area.x + 3, area.y, 40.min(area.width.saturating_sub(4)), &search.field, search.active);
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// Whose log an entry stands in: the tenant's name; the id of a tenant that is gone.
fn whose(item: &AdminAuditLogItem) -> Cell<'_> {
    match (&item.tenant_name, item.entry.tenant_id) {
        (Some(name), _) => cell(name, Tone::Plain),
        (None, TenantId::INSTALLATION) => cell("installation", Tone::Dim),
        (None, id) => cell(id.to_string(), Tone::Dim),
    }
}

/// A name and its value. Answers how many lines they took.
fn pair(painter: &mut Painter<'_>, area: Rect, y: u16, name: &str, value: &str, tone: Tone) -> u16 {
    let label = 13.min(area.width);
    if y >= area.bottom() {
        return 0;
    }
    painter.text(area.x, y, label, name, Tone::Dim);
    let rest = Rect::new(area.x + label, y, area.width - label, area.bottom() - y);
    painter.wrapped(rest, value, tone).max(1)
}

/// When something was, for a table.
fn past(now: Timestamp, at: Option<Timestamp>) -> Cell<'static> {
    match at {
        Some(at) => cell(when::ago(now, at), Tone::Plain),
        None => cell("never", Tone::Dim),
    }
}

/// When something expires, for a table.
fn expiry(now: Timestamp, at: Option<Timestamp>) -> Cell<'static> {
    match at {
        None => cell("never", Tone::Dim),
        Some(at) if at <= now => cell(format!("expired {}", when::ago(now, at)), Tone::Bad),
        Some(at) => {
            let tone = if at <= now.plus_millis(SOON_MS) { Tone::Warn } else { Tone::Plain };
            cell(when::ago(now, at), tone)
        }
    }
}

/// A number of refusals: nothing to see while there are none.
fn refusals(count: u64) -> Cell<'static> {
    cell(super::short(count), if count == 0 { Tone::Dim } else { Tone::Bad })
}

/// A heading with a line behind it.
fn heading(painter: &mut Painter<'_>, area: Rect, y: u16, text: &str, focused: bool) {
    let tone = if focused { Tone::Accent } else { Tone::Strong };
    let used = painter.text(area.x, y, area.width, text, tone).max(columns(text).min(area.width));
    let line = Rect { x: area.x + used + 1, width: area.width.saturating_sub(used + 1), ..area };
    painter.rule(line, y);
}
