//! Drawing of an audit log.

use doorward_shared::audit::AdminAuditLogItem;
use ratatui::layout::Rect;

use super::{Audit, entry_view};
use crate::{
    time_format,
    ui::{Canvas, Cell, ClickTarget, Column, Tone, View, below, cell, right_of, split_details, tenant_cell},
};

/// Minimum width of a table with a column for the reason of refusals.
const REASON_MIN_WIDTH: u16 = 110;
const INPUT_WIDTH: u16 = 26;
/// Minimum space for a chip. If less is left in the row, the chip moves to the next row.
const CHIP_MIN_WIDTH: u16 = 16;
const CHIP_MAX_WIDTH: u16 = 48;

impl View for Audit {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let area = self.draw_filters(canvas, area);
        if self.rows.is_empty() {
            if let Some(time) = self.searched_back_to().filter(|_| self.error.is_none()) {
                let text = format!(" Searching… no match back to {}", time_format::date_time(time));
                let place = below(right_of(area, 2), 1);
                canvas.line(place, &[(canvas.spinner(), Tone::Accent), (&text, Tone::Dim)]);
                return;
            }
            let empty = if self.chips().is_empty() { "The log is empty." } else { "No entry matches the filters." };
            return canvas.placeholder(area, self.loaded, self.error.as_ref(), empty);
        }
        let (list, pane) = split_details(area, (area.width * 3 / 8).min(80), self.show_details);
        self.draw_table(canvas, list);
        canvas.stale_marker(list, self.error.as_ref());
        if let (Some(pane), Some(row)) = (pane, self.selected()) {
            let tenant = row.tenant_name.as_deref().or(self.tenant_name.as_deref());
            entry_view::draw(canvas, row, tenant, pane);
        }
    }
}

impl Audit {
    /// Draws the text filter while it is edited, and a chip per applied filter. Returns the rest of the area.
    fn draw_filters(&self, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
        let chips = self.chips();
        if chips.is_empty() && !self.text_filter.active {
            return area;
        }
        let mut place = right_of(area, 1);
        if self.text_filter.active {
            canvas.line(place, &[("/ ", Tone::Accent)]);
            canvas.text_input(Rect { width: INPUT_WIDTH, ..right_of(place, 2) }, &self.text_filter.input, true);
            place = right_of(place, INPUT_WIDTH + 4);
        }
        for (index, chip) in chips.iter().enumerate() {
            if place.width < CHIP_MIN_WIDTH && place.y == area.y && area.height > 8 {
                place = right_of(below(area, 1), 1);
            }
            let text = format!(" {}: {} ×", chip.label, chip.value);
            let width = place.width.min(CHIP_MAX_WIDTH);
            let used = canvas.styled(Rect { width, ..place }, &text, canvas.theme.chip());
            canvas.target(Rect { width: used, height: 1, ..place }, ClickTarget::Chip(index));
            place = right_of(place, used + 1);
        }
        below(area, place.y - area.y + 1)
    }

    fn draw_table(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let all_tenants = self.shows_all_tenants();
        let mut columns = vec![Column::fixed("Time (UTC)", 10), Column::fixed("", 1), Column::share("What", 7)];
        if all_tenants {
            columns.push(Column::share("Tenant", 3));
        }
        columns.extend([
            Column::share("Who", 3),
            Column::fixed("Address", 15).from_width(if all_tenants { 84 } else { 70 }),
            Column::share("Why", 3).from_width(REASON_MIN_WIDTH),
        ]);
        let today = time_format::date(canvas.now);
        let has_reason_column = area.width.saturating_sub(2) >= REASON_MIN_WIDTH;
        canvas.table(area, &columns, self.rows.iter(), &self.selection, true, |row| {
            cells(row, all_tenants, has_reason_column, &today)
        });
    }
}

fn cells<'a>(row: &'a AdminAuditLogItem, all_tenants: bool, has_reason_column: bool, today: &str) -> Vec<Cell<'a>> {
    let entry = &row.entry;
    let date = time_format::date(entry.created_at);
    let time = if date == today { time_format::time_of_day(entry.created_at) } else { date };
    let failed = entry.kind.is_failure();
    let (mark, mark_tone) = if failed { ("✗", Tone::Bad) } else { ("✓", Tone::Good) };
    let reason = entry.error_code.as_deref().or(entry.error.as_deref()).unwrap_or_default();
    let mut what = short_name(entry.kind.as_str());
    if !has_reason_column && !reason.is_empty() {
        what = format!("{what}: {reason}");
    }
    let what_tone = if failed { Tone::Bad } else { Tone::Plain };
    let mut cells = vec![cell(time, Tone::Dim), cell(mark, mark_tone), cell(what, what_tone)];
    if all_tenants {
        cells.push(tenant_cell(row));
    }
    cells.extend([
        cell(entry.actor_user_id.as_deref().unwrap_or("–"), Tone::Plain),
        cell(&entry.meta_source_ip, Tone::Dim),
        cell(reason, Tone::Bad),
    ]);
    cells
}

/// Returns a short name of an event type. It omits the outcome, because a mark before the name shows it.
fn short_name(kind: &'static str) -> String {
    let short = kind.trim_end_matches("_succeeded").trim_end_matches("_failed");
    let short = short.strip_prefix("webauthn_").unwrap_or(short);
    short.replace('_', " ").replace("authentication", "login").replace(" final", "").replace(" init", " started")
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn event_types_have_readable_short_names() {
        assert_eq!(short_name("webauthn_authentication_final_failed"), "login");
        assert_eq!(short_name("mfa_registration_init_succeeded"), "mfa registration started");
        assert_eq!(short_name("tenant_config_updated"), "tenant config updated");
    }
}
