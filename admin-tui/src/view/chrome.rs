//! What stands around every screen: sections, path, key bar, toasts.

use doorward_shared::admin::Role;
use ratatui::{
    layout::Rect,
    style::{Color, Modifier, Style},
};

use super::paint::{Painter, columns};
use crate::{
    keymap::{Binding, Command, Section},
    message::Target,
    model::{Link, Model, Tone},
    screen::Screen,
};

/// Sections, path and status, and a line below them.
pub(super) fn head(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    header(painter, model, Rect { height: 1, ..area });
    path(painter, model, Rect { y: area.y + 1, height: 1, ..area });
    painter.rule(area, area.y + 2);
}

/// The sections, and whom they are of.
pub(super) fn header(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    let mut x = area.x + 1;
    x += painter.styled(x, area.y, 10, "doorward", painter.theme.style(Tone::Accent).add_modifier(Modifier::BOLD)) + 2;
    for (number, section) in (1..).zip(Section::ALL) {
        let name = format!(" {number} {} ", section.name());
        let front = section == model.section && !model.is_cut_off();
        let style = if front { painter.theme.front() } else { painter.theme.style(Tone::Dim) };
        let used = painter.styled(x, area.y, area.right().saturating_sub(x), &name, style);
        painter.hit(Rect::new(x, area.y, used, 1), Target::Section(section));
        x += used;
    }
    let (dot, tone) = match &model.link {
        Link::Up => ("●", Tone::Good),
        Link::Connecting => (painter.spinner(), Tone::Warn),
        Link::Down { .. } => ("○", Tone::Bad),
    };
    let who = match &model.me {
        Some(me) if me.role == Role::Auditor => format!("{} (auditor) ", me.name),
        Some(me) => format!("{} ", me.name),
        None => String::new(),
    };
    let room = Rect { x: x + 1, width: area.right().saturating_sub(x + 1), ..area };
    let server = format!("{} ", model.options.server.trim_start_matches("http://"));
    let mut spans = vec![(dot, tone), (" ", Tone::Plain)];
    // The server's address goes first where there is no room for all; then the name.
    if columns(&who) + columns(&server) + 4 <= room.width {
        spans.extend([(server.as_str(), Tone::Dim), (who.as_str(), Tone::Plain)]);
    } else {
        spans.push((who.as_str(), Tone::Plain));
    }
    painter.right(room, area.y, &spans);
}

fn path(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    let mut x = area.x + 1;
    let depth = model.stack().depth();
    for (at, screen) in model.stack().all().enumerate() {
        if at > 0 {
            x += painter.text(x, area.y, area.width, " › ", Tone::Dim);
        }
        let tone = if at == depth { Tone::Strong } else { Tone::Dim };
        let used = painter.text(x, area.y, 40.min(area.right().saturating_sub(x)), &screen.page().title(), tone);
        painter.hit(Rect::new(x, area.y, used, 1), Target::Crumb(at));
        x += used;
    }
    let room = Rect { x: x + 2, width: area.right().saturating_sub(x + 3), ..area };
    if let Link::Down { retry_at, error, .. } = &model.link {
        let seconds = (retry_at.millis().saturating_sub(model.now.millis()).max(0) + 999) / 1_000;
        let text = match seconds {
            0 => "away; trying again…".to_owned(),
            _ => format!("away; trying again in {seconds} s"),
        };
        let _ = error;
        painter.right(room, area.y, &[(&text, Tone::Bad)]);
        return;
    }
    let (status, tone) = status(model.screen());
    let spinner = painter.spinner();
    let busy = model.screen().page().is_busy();
    let mark = if busy { spinner } else { " " };
    painter.right(room, area.y, &[(&status, tone), (" ", Tone::Plain), (mark, Tone::Accent)]);
}

/// What a screen says of itself beside its path.
fn status(screen: &Screen) -> (String, Tone) {
    let count = |shown: usize, total: Option<u64>, what: &str| match total {
        Some(1) => format!("1 {what}"),
        Some(total) => format!("{total} {what}s"),
        None => format!("{shown}+ {what}s"),
    };
    match screen {
        Screen::Overview(_) | Screen::User(_) | Screen::Tenant(_) => (String::new(), Tone::Dim),
        Screen::Tenants(it) => (count(it.list.rows.len(), it.list.total, "tenant"), Tone::Dim),
        Screen::Tokens(it) => (count(it.list.rows.len(), it.list.total, "token"), Tone::Dim),
        Screen::Audit(it) if it.paused && it.missed > 0 => (format!("paused · {} new", it.missed), Tone::Warn),
        Screen::Audit(it) if it.paused => ("paused".to_owned(), Tone::Warn),
        Screen::Audit(_) => ("live".to_owned(), Tone::Good),
    }
}

/// What works here, as much as there is room for; the help always.
pub(super) fn key_bar(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    let bindings = model.bindings();
    let shown = |binding: &&Binding| !binding.label.is_empty();
    let last = bindings.iter().filter(shown).find(|binding| binding.command == Command::Help);
    let width = |binding: &Binding| {
        let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
        columns(&key) + 1 + columns(binding.label) + 2
    };
    let reserved = last.map_or(0, width);
    let mut x = area.x + 1;
    for binding in bindings.iter().filter(shown).filter(|binding| binding.command != Command::Help) {
        if x + width(binding) + reserved > area.right() {
            continue;
        }
        x += key(painter, x, area.y, binding);
    }
    if let Some(binding) = last {
        key(painter, x, area.y, binding);
    }
}

fn key(painter: &mut Painter<'_>, x: u16, y: u16, binding: &Binding) -> u16 {
    let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
    let style = painter.theme.style(Tone::Accent).add_modifier(Modifier::BOLD);
    let room = painter.buffer.area.right().saturating_sub(x);
    let mut used = painter.styled(x, y, room, &key, style) + 1;
    used += painter.text(x + used, y, room.saturating_sub(used), binding.label, Tone::Dim);
    painter.hit(Rect::new(x, y, used, 1), Target::Command(binding.command));
    used + 2
}

/// Notes that pass, and the export that is being written, above the key bar.
pub(super) fn toasts(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    let mut y = area.bottom();
    let mut line = |painter: &mut Painter<'_>, mark: &str, text: &str, tone: Tone| {
        if y <= area.y {
            return;
        }
        y -= 1;
        let wanted = (columns(text) + 5).min(area.width.saturating_sub(2));
        let place = Rect::new(area.right().saturating_sub(wanted + 1), y, wanted, 1);
        painter.clear(place);
        painter.style(place, painter.theme.chip());
        painter.spans(place.x, y, place.width - 1, &[(mark, tone), (text, Tone::Plain)]);
        painter.style(Rect { width: 1, ..place }, painter.theme.style(tone));
    };
    if let Some(exporting) = &model.exporting {
        let text = progress(exporting.progress.rows, exporting.progress.total);
        line(painter, "▌ ", &format!("Exporting {text}  ^x cancels"), Tone::Accent);
    }
    for toast in model.toasts.iter().rev() {
        let mark = match toast.tone {
            Tone::Good => "▌✓ ",
            Tone::Bad => "▌✗ ",
            Tone::Warn => "▌! ",
            _ => "▌ ",
        };
        line(painter, mark, &toast.text, toast.tone);
    }
}

/// `[█████░░░░░] 50 %  1 234 of 2 468`, or the rows so far where nobody knows how many there are.
fn progress(rows: u64, total: Option<u64>) -> String {
    const BAR: u64 = 20;
    let Some(total) = total.filter(|total| *total > 0) else { return format!("{rows} entries") };
    let full = rows.saturating_mul(BAR).checked_div(total).unwrap_or(0).min(BAR);
    let bar: String = (0..BAR).map(|at| if at < full { '█' } else { '░' }).collect();
    let percent = rows.saturating_mul(100).checked_div(total).unwrap_or(0).min(100);
    format!("{bar} {percent} %  {rows} of {total}")
}

/// Takes the screen behind a dialog back.
pub(super) fn dim(painter: &mut Painter<'_>, area: Rect) {
    let style = if painter.theme.has_colors() {
        let faint = painter.theme.faint();
        Style::new().fg(faint.fg.unwrap_or(Color::Reset)).bg(Color::Reset).remove_modifier(Modifier::all())
    } else {
        Style::new().add_modifier(Modifier::DIM).remove_modifier(Modifier::REVERSED | Modifier::BOLD)
    };
    painter.style(Rect { height: area.height - 1, ..area }, style);
}
