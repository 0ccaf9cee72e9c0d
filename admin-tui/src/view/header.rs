//! The header: sections, connection, path of screens, and status.

use doorward_shared::admin::Role;
use ratatui::{layout::Rect, style::Modifier};

use crate::{
    model::{ConnectionStatus, Model},
    ui::{Canvas, ClickTarget, Section, Tone, columns, right_of},
};

const MAX_TITLE_WIDTH: u16 = 40;

/// Draws the sections, and the server and the token at the right end.
pub(super) fn draw_sections(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let place = right_of(area, 1);
    let name_style = canvas.theme.style(Tone::Accent).add_modifier(Modifier::BOLD);
    let used = canvas.styled(place, "doorward", name_style);
    let place = right_of(place, used + 2);
    let titles: Vec<String> =
        (1..).zip(Section::ALL).map(|(key, section)| format!(" {key} {} ", section.name())).collect();
    let selected = Section::ALL.iter().position(|section| *section == model.section);
    let selected = selected.filter(|_| !model.shows_connection_page());
    let target = |index: usize| Section::ALL.get(index).copied().map(ClickTarget::Section);
    let used = canvas.tabs(place, &titles, selected, "", target);
    let place = right_of(place, used + 1);
    let (mark, tone) = match &model.connection {
        ConnectionStatus::Connected => ("●", Tone::Good),
        ConnectionStatus::Connecting => (canvas.spinner(), Tone::Warn),
        ConnectionStatus::Disconnected { .. } => ("○", Tone::Bad),
    };
    let token = match &model.me {
        Some(me) if me.role == Role::Auditor => format!("{} (auditor) ", me.name),
        Some(me) => format!("{} ", me.name),
        None => String::new(),
    };
    let server = format!("{} ", model.options.server.trim_start_matches("http://"));
    let mut texts = vec![(mark, tone), (" ", Tone::Plain), (server.as_str(), Tone::Dim), (token.as_str(), Tone::Plain)];
    if columns(&token) + columns(&server) + 4 > place.width {
        // Narrow terminals show only the token's name.
        texts.remove(2);
    }
    canvas.line_right(place, &texts);
}

/// Draws the path of screens, and the status of the current screen at the right end.
pub(super) fn draw_path(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let mut place = right_of(area, 1);
    let depth = model.stack().depth();
    for (index, screen) in model.stack().all().enumerate() {
        if index > 0 {
            let used = canvas.line(place, &[(" › ", Tone::Dim)]);
            place = right_of(place, used);
        }
        let tone = if index == depth { Tone::Strong } else { Tone::Dim };
        let title_area = Rect { width: MAX_TITLE_WIDTH.min(place.width), height: 1, ..place };
        let used = canvas.line(title_area, &[(&screen.title(), tone)]);
        canvas.target(Rect { width: used, ..title_area }, ClickTarget::PathItem(index));
        place = right_of(place, used);
    }
    let place = right_of(place, 2);
    let place = Rect { width: place.width.saturating_sub(1), ..place };
    if let ConnectionStatus::Disconnected { retry_at, .. } = &model.connection {
        let text = match retry_at.millis().saturating_sub(model.now.millis()) {
            ..=0 => "disconnected; retrying…".to_owned(),
            millis => format!("disconnected; retrying in {} s", (millis + 999) / 1_000),
        };
        canvas.line_right(place, &[(&text, Tone::Bad)]);
        return;
    }
    let screen = model.screen();
    let (status, tone) = screen.status().unwrap_or_default();
    let indicator = if screen.is_busy() { canvas.spinner() } else { " " };
    canvas.line_right(place, &[(&status, tone), (" ", Tone::Plain), (indicator, Tone::Accent)]);
}
