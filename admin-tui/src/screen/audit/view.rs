//! Drawing of an audit log.

use doorward_shared::audit::AdminAuditLogItem;
use ratatui::layout::Rect;

use super::{
    Audit, entry_view,
    log::{Gap, Line},
    pane::Content,
};
use crate::{
    time_format,
    ui::{
        Canvas, Cell, ClickTarget, Column, Tone, View, below, cell, columns, right_of, row, split_details, tenant_cell,
    },
};

/// Minimum width of a table with a column for the reasons for refusals.
const REASON_MIN_WIDTH: u16 = 110;
/// Minimum space for a chip. If less is left in the row, the chip moves to the next row.
const CHIP_MIN_WIDTH: u16 = 16;
const CHIP_MAX_WIDTH: u16 = 48;

impl View for Audit {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let area = self.draw_filters(canvas, area);
        if self.log.rows.is_empty() {
            if let Some(time) = self.searched_back_to().filter(|_| self.error.is_none()) {
                let (at, zone) = (time_format::date_time(self.zone.to_local(time)), self.zone.label(time));
                let text = format!(" Searching… no match back to {at} {zone}");
                let place = below(right_of(area, 2), 1);
                canvas.line(place, &[(canvas.spinner(), Tone::Accent), (&text, Tone::Dim)]);
                return;
            }
            let empty = if self.chips().is_empty() { "The log is empty." } else { "No entry matches the filters." };
            return canvas.placeholder(area, self.loaded, self.error.as_ref(), empty);
        }
        let (left, pane) = split_details(area, (area.width * 3 / 8).min(80), self.pane.is_open);
        let list = self.draw_histogram(canvas, left);
        self.draw_table(canvas, list);
        canvas.stale_marker(list, self.error.as_ref());
        match (pane, self.pane.content, self.selected()) {
            (Some(pane), Content::TopValues, _) => self.draw_top_values(canvas, pane),
            (Some(pane), Content::Entry, Some(row)) => {
                let tenant = row.tenant_name.as_deref().or(self.tenant_name.as_deref());
                entry_view::draw(canvas, row, tenant, &self.pane, pane);
            }
            (Some(pane), Content::Entry, None) => entry_view::draw_none(canvas, pane),
            (None, ..) => {}
        }
    }
}

impl Audit {
    /// Draws the search line while it is edited, and a label for each applied filter. Returns the rest of the area.
    fn draw_filters(&self, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
        let area = if self.search.is_active() { self.draw_search(canvas, area) } else { area };
        let chips = self.chips();
        if chips.is_empty() {
            return area;
        }
        let mut place = right_of(area, 1);
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

    /// Draws the search line and, below it, the problem of the search text or the candidates for its completion.
    /// Returns the rest of the area.
    fn draw_search(&self, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
        let place = right_of(area, 1);
        canvas.line(place, &[("/ ", Tone::Accent)]);
        let input = right_of(place, 2);
        canvas.text_input(Rect { width: input.width.saturating_sub(1), ..input }, &self.search.input.input, true);
        let mut hint = right_of(row(area, 1), 3);
        match &self.search.problem {
            Some(problem) => {
                canvas.line(hint, &[("✗ ", Tone::Bad), (problem, Tone::Bad)]);
            }
            None => {
                for (index, candidate) in self.search_candidates().iter().enumerate() {
                    if columns(&candidate.label) > hint.width {
                        break;
                    }
                    // Tab chooses the first candidate.
                    let tone = if index == 0 { Tone::Accent } else { Tone::Dim };
                    let used = canvas.line(hint, &[(&candidate.label, tone)]);
                    canvas.target(Rect { width: used, ..hint }, ClickTarget::Tab(index));
                    hint = right_of(hint, used + 2);
                }
            }
        }
        below(area, 2)
    }

    fn draw_table(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let all_tenants = self.shows_all_tenants();
        let zone = canvas.zone.clone();
        let label = zone.label(canvas.now);
        let title = if label == "UTC" { "Time (UTC)".to_owned() } else { format!("Time {label}") };
        let mut columns = vec![Column::fixed(title.clone(), columns(&title)), Column::fixed("", 1)];
        columns.push(Column::share("What", 7));
        if all_tenants {
            columns.push(Column::share("Tenant", 3));
        }
        columns.extend([
            Column::share("Who", 3),
            Column::fixed("Address", 15).from_width(if all_tenants { 84 } else { 70 }),
            Column::share("Why", 3).from_width(REASON_MIN_WIDTH),
        ]);
        let has_reason_column = area.width.saturating_sub(2) >= REASON_MIN_WIDTH;
        let is_focused = !self.pane.is_focused;
        canvas.table(area, &columns, self.lines.iter(), &self.selection, is_focused, |line| match line {
            Line::Entry(index) => self.log.rows.get(*index).map_or_else(Vec::new, |row| {
                let time = time_format::time_of_day(zone.to_local(row.entry.created_at));
                cells(row, time, all_tenants, has_reason_column)
            }),
            Line::Date(day) => vec![cell(format!("── {} ──", time_format::date(*day)), Tone::Strong)],
            Line::Gap(index) => vec![cell(gap_text(self.log.gaps.get(*index)), Tone::Warn)],
        });
    }
}

fn gap_text(gap: Option<&Gap>) -> String {
    match gap.and_then(|gap| gap.count) {
        Some(count) if count.number() == 1 => "··· 1 entry passed over · ⏎ loads it".to_owned(),
        Some(count) => format!("··· {count} entries passed over · ⏎ loads them"),
        None => "··· entries passed over · ⏎ loads them".to_owned(),
    }
}

fn cells(row: &AdminAuditLogItem, time: String, all_tenants: bool, has_reason_column: bool) -> Vec<Cell<'_>> {
    let entry = &row.entry;
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
        cell(reason, if failed { Tone::Bad } else { Tone::Warn }),
    ]);
    cells
}

/// Returns a short name of an event type, without the outcome, which a mark before the name shows.
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
