//! The header: sections, connection, path of open screens, and status.

use doorward_shared::{admin::Me, counted};
use ratatui::{layout::Rect, style::Modifier};

use crate::{
    model::{ConnectionStatus, Model},
    ui::{Canvas, ClickTarget, Section, Tone, below, columns, right_of, row},
};

const MAX_TITLE_WIDTH: u16 = 40;
/// Mark of a production server.
pub(super) const PRODUCTION: &str = " PRODUCTION ";

/// Draws the three rows of the header.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let place = draw_sections(canvas, model, area);
    let (mark, tone) = match &model.connection {
        ConnectionStatus::Connected if model.silent_ms().is_some() => ("●", Tone::Warn),
        ConnectionStatus::Connected => ("●", Tone::Good),
        ConnectionStatus::Connecting => (canvas.spinner(), Tone::Warn),
        ConnectionStatus::Disconnected { .. } => ("○", Tone::Bad),
    };
    let place = Rect { width: place.width.saturating_sub(1), ..place };
    canvas.rule(row(area, 2));
    // The server is always visible: beside the sections or, on narrow terminals, on the line below.
    if server_width(model) + 2 <= place.width {
        let used = draw_server(canvas, model, place);
        canvas.line_right(Rect { width: place.width.saturating_sub(used + 1), ..place }, &[(mark, tone)]);
    } else {
        canvas.line_right(place, &[(mark, tone)]);
        let rule = row(area, 2);
        let width = server_width(model).min(rule.width.saturating_sub(2));
        let place = Rect { x: rule.right() - width - 1, width, ..rule };
        canvas.clear(Rect { x: place.x - 1, width: width + 2, ..place });
        draw_server(canvas, model, place);
    }
    if !model.shows_connection_page() {
        draw_path(canvas, model, row(below(area, 1), 0));
    }
}

/// Draws the sections. Returns the rest of the row.
fn draw_sections(canvas: &mut Canvas<'_>, model: &Model, area: Rect) -> Rect {
    let mut place = right_of(row(area, 0), 1);
    let titles: Vec<String> =
        (1..).zip(Section::ALL).map(|(key, section)| format!(" {key} {} ", section.name())).collect();
    let width: u16 = titles.iter().map(|title| columns(title)).sum();
    let name = "doorward";
    // If there is no room for the name and the mark of the connection, only the mark is drawn.
    if width + columns(name) + 5 <= place.width {
        let style = canvas.theme.style(Tone::Accent).add_modifier(Modifier::BOLD);
        let used = canvas.styled(place, name, style);
        place = right_of(place, used + 2);
    }
    let selected = Section::ALL.iter().position(|section| *section == model.section);
    let selected = selected.filter(|_| !model.shows_connection_page());
    let target = |index: usize| Section::ALL.get(index).copied().map(ClickTarget::Section);
    // Leaves room for the mark of the connection.
    let tabs = Rect { width: place.width.saturating_sub(3), ..place };
    let used = canvas.tabs(tabs, &titles, selected, "", target);
    right_of(place, used + 1)
}

/// Returns two texts: the server's address, and the token's name with the token's role and number of tenants.
fn server_texts(model: &Model) -> (String, String) {
    let server = model.options.server.trim_start_matches("http://").to_owned();
    let scope = |me: &Me| me.tenants.as_ref().map(|tenants| format!(", {}", counted(tenants.len(), "tenant")));
    let text = |me: &Me| format!("  {} ({}{})", me.name, me.role, scope(me).unwrap_or_default());
    (server, model.me.as_ref().map(text).unwrap_or_default())
}

fn badge_width(model: &Model) -> u16 {
    model.options.profile.as_ref().map_or(0, |profile| {
        let production = if profile.production { columns(PRODUCTION) } else { 0 };
        columns(&profile.name) + 2 + production + 1
    })
}

fn server_width(model: &Model) -> u16 {
    let (server, token) = server_texts(model);
    badge_width(model) + columns(&server) + columns(&token)
}

/// Draws profile, address, token and role at the right end. If there is not enough room, the address is truncated.
/// Returns the number of columns used.
fn draw_server(canvas: &mut Canvas<'_>, model: &Model, area: Rect) -> u16 {
    let (server, token) = server_texts(model);
    let width = server_width(model).min(area.width);
    let mut place = Rect { x: area.right() - width, width, ..area };
    if let Some(profile) = &model.options.profile {
        let used = canvas.styled(place, &format!(" {} ", profile.name), canvas.theme.profile(profile.color));
        place = right_of(place, used);
        if profile.production {
            let used = canvas.styled(place, PRODUCTION, canvas.theme.production());
            place = right_of(place, used);
        }
        place = right_of(place, 1);
    }
    let address = Rect { width: place.width.saturating_sub(columns(&token)), ..place };
    canvas.line(address, &[(&server, Tone::Plain)]);
    canvas.line(right_of(place, address.width), &[(&token, Tone::Plain)]);
    width
}

/// Draws the path of open screens, and the status of the current screen at the right end.
fn draw_path(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
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
    if let Some(millis) = model.silent_ms() {
        canvas.line_right(place, &[(&format!("no response for {} s", millis / 1_000), Tone::Warn)]);
        return;
    }
    let screen = model.screen();
    let (status, tone) = screen.status().unwrap_or_default();
    let indicator = if screen.is_busy() { canvas.spinner() } else { " " };
    canvas.line_right(place, &[(&status, tone), (" ", Tone::Plain), (indicator, Tone::Accent)]);
}
