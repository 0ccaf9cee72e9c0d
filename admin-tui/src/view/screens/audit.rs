//! An audit log.

use doorward_shared::audit::AdminAuditLogItem;
use ratatui::layout::Rect;

use super::{WIDE, entry, instead_of_rows, stale, whose};
use crate::{
    message::Target,
    model::Tone,
    screen::audit::Audit,
    view::{
        paint::Painter,
        table::{Cell, Column, Table, Width, cell},
    },
    when,
};

/// How wide the list must be to tell in a column of its own why something was refused.
const WHY_FROM: u16 = 110;

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &Audit, area: Rect) {
    let area = draw_filters(painter, screen, area);
    if screen.rows.is_empty() {
        let filtered = !screen.chips().is_empty();
        let nothing = if filtered { "No entry matches the filters." } else { "The log is empty." };
        return instead_of_rows(painter, area, screen.loaded, screen.error.as_ref(), nothing);
    }
    let (list, pane) = if area.width >= WIDE {
        let pane = (area.width * 3 / 8).min(80);
        let list = Rect { width: area.width - pane - 1, ..area };
        (list, Some(Rect { x: list.right() + 1, width: pane, ..area }))
    } else if screen.details {
        let pane = area.height * 3 / 5;
        let list = Rect { height: area.height - pane, ..area };
        (list, Some(Rect { y: list.bottom(), height: pane, ..area }))
    } else {
        (area, None)
    };
    draw_table(painter, screen, list);
    stale(painter, list, screen.error.as_ref());
    if let (Some(pane), Some(row)) = (pane, screen.selected()) {
        let name = row.tenant_name.as_deref().or(screen.tenant_name.as_deref());
        entry::draw(painter, row, name, pane);
    }
}

/// The text that is written, and a chip for each filter in force. Answers what is left of the area.
fn draw_filters(painter: &mut Painter<'_>, screen: &Audit, area: Rect) -> Rect {
    let chips = screen.chips();
    if chips.is_empty() && !screen.search.active {
        return area;
    }
    let mut x = area.x + 1;
    if screen.search.active {
        painter.text(x, area.y, 2, "/ ", Tone::Accent);
        painter.field(x + 2, area.y, 26, &screen.search.field, true);
        x += 30;
    }
    let mut y = area.y;
    for (at, chip) in chips.iter().enumerate() {
        let text = format!(" {}: {} ×", chip.label, chip.value);
        let room = area.right().saturating_sub(x);
        if room < 16 && y == area.y && area.height > 8 {
            (x, y) = (area.x + 1, y + 1);
        }
        let used = painter.styled(x, y, area.right().saturating_sub(x).min(48), &text, painter.theme.chip());
        painter.hit(Rect::new(x, y, used, 1), Target::Chip(at));
        x += used + 1;
    }
    let taken = y - area.y + 1;
    Rect { y: area.y + taken, height: area.height.saturating_sub(taken), ..area }
}

fn draw_table(painter: &mut Painter<'_>, screen: &Audit, area: Rect) {
    let of_all = screen.is_of_all();
    let mut columns = vec![
        Column::new("Time (UTC)", Width::Fixed(10)),
        Column::new("", Width::Fixed(1)),
        Column::new("What", Width::Share(7)),
    ];
    if of_all {
        columns.push(Column::new("Tenant", Width::Share(3)));
    }
    columns.extend([
        Column::new("Who", Width::Share(3)),
        Column::new("Address", Width::Fixed(15)).from(if of_all { 84 } else { 70 }),
        Column::new("Why", Width::Share(3)).from(WHY_FROM),
    ]);
    let table = Table { columns, len: screen.rows.len(), cursor: &screen.cursor, focused: true };
    let today = when::date(painter.now);
    let inline = area.width.saturating_sub(2) < WHY_FROM;
    painter.table(area, &table, |at| {
        screen.rows.get(at).map(|row| cells(row, of_all, inline, &today)).unwrap_or_default()
    });
}

fn cells<'a>(row: &'a AdminAuditLogItem, of_all: bool, inline: bool, today: &str) -> Vec<Cell<'a>> {
    let entry = &row.entry;
    // Today the hour, before it the day: both fit in the same place.
    let date = when::date(entry.created_at);
    let time = if date == today { when::clock(entry.created_at) } else { date };
    let failed = entry.kind.is_failure();
    let (mark, tone) = if failed { ("✗", Tone::Bad) } else { ("✓", Tone::Good) };
    let why = entry.error_code.as_deref().or(entry.error.as_deref()).unwrap_or_default();
    let what = match phrase(entry.kind.as_str()) {
        phrase if inline && !why.is_empty() => format!("{phrase}: {why}"),
        phrase => phrase,
    };
    let loud = if failed { Tone::Bad } else { Tone::Plain };
    let mut cells = vec![cell(time, Tone::Dim), cell(mark, tone), cell(what, loud)];
    if of_all {
        cells.push(whose(row));
    }
    cells.extend([
        cell(entry.actor_user_id.as_deref().unwrap_or("–"), Tone::Plain),
        cell(entry.meta_source_ip.as_str(), Tone::Dim),
        cell(why, Tone::Bad),
    ]);
    cells
}

/// A type in fewer letters: whether it succeeded stands before it.
fn phrase(kind: &'static str) -> String {
    let short = kind.trim_end_matches("_succeeded").trim_end_matches("_failed");
    let short = short.strip_prefix("webauthn_").unwrap_or(short);
    short.replace('_', " ").replace("authentication", "login").replace(" final", "").replace(" init", " started")
}

#[cfg(test)]
mod tests {
    use super::phrase;

    #[test]
    fn types_read_like_words() {
        assert_eq!(phrase("webauthn_authentication_final_failed"), "login");
        assert_eq!(phrase("mfa_registration_init_succeeded"), "mfa registration started");
        assert_eq!(phrase("tenant_config_updated"), "tenant config updated");
    }
}
