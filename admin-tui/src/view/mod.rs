//! Draws the model into a frame: header, screen, overlay, key bar and notifications.

mod connection_status;
mod footer;
mod header;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
};

use crate::{
    model::{ConnectionStatus, Model},
    ui::{Canvas, ClickTarget, FrameInfo, Tone, right_of, row},
};

const MIN_SIZE: (u16, u16) = (50, 12);

pub(crate) fn draw(model: &Model, buffer: &mut Buffer) -> FrameInfo {
    let area = buffer.area;
    let info = FrameInfo::default();
    let zone = model.options.settings.zone();
    let is_connected = model.connection == ConnectionStatus::Connected && model.silent_ms().is_none();
    let mut canvas = Canvas { buffer, theme: model.options.theme, now: model.wall, zone, is_connected, info };
    let (min_width, min_height) = MIN_SIZE;
    if area.width < min_width || area.height < min_height {
        let (width, height) = (area.width, area.height);
        let text = format!(
            "Make me larger: the app needs {min_width} x {min_height} characters, and this terminal has {width} x {height}."
        );
        canvas.paragraph(area, &text, Tone::Warn);
        return FrameInfo::default();
    }
    let rows = [Constraint::Length(3), Constraint::Fill(1), Constraint::Length(1)];
    let [head, body, foot] = Layout::vertical(rows).areas(area);
    header::draw(&mut canvas, model, head);
    if model.shows_connection_page() {
        connection_status::draw(&mut canvas, model, body);
    } else {
        model.screen().draw(&mut canvas, body);
        if let Some(overlay) = &model.overlay {
            dim(&mut canvas, Rect { height: area.height - 1, ..area });
            canvas.info = FrameInfo::default();
            overlay.draw(&mut canvas, area);
            if overlay.is_destructive() {
                draw_production(&mut canvas, model);
            }
        }
    }
    if let Some(question) = &model.question {
        dim(&mut canvas, Rect { height: area.height - 1, ..area });
        canvas.info = FrameInfo::default();
        question.draw(&mut canvas, area);
        if question.is_destructive() {
            draw_production(&mut canvas, model);
        }
    }
    footer::draw_key_bar(&mut canvas, model, foot);
    footer::draw_toasts(&mut canvas, model, body);
    let Canvas { buffer, mut info, .. } = canvas;
    info.ambiguous_rows = ambiguous_rows(buffer);
    info
}

/// If the server is a production server, draws its mark, profile and address over the lower border of the dialog.
fn draw_production(canvas: &mut Canvas<'_>, model: &Model) {
    let Some(profile) = model.options.profile.as_ref().filter(|profile| profile.production) else { return };
    let dialog = canvas.info.targets.iter().find(|(_, target)| *target == ClickTarget::Overlay);
    let Some((dialog, _)) = dialog else { return };
    let border = row(*dialog, dialog.height.saturating_sub(1));
    let place = Rect { width: border.width.saturating_sub(4), ..right_of(border, 2) };
    let used = canvas.styled(place, header::PRODUCTION, canvas.theme.production());
    let text = format!(" {}: {} ", profile.name, model.options.server);
    canvas.line(right_of(place, used), &[(&text, Tone::Bad)]);
}

/// Makes the screen behind an overlay faint.
fn dim(canvas: &mut Canvas<'_>, area: Rect) {
    let style = if canvas.theme.has_colors() {
        canvas.theme.faint().bg(Color::Reset).remove_modifier(Modifier::all())
    } else {
        Style::new().add_modifier(Modifier::DIM).remove_modifier(Modifier::REVERSED | Modifier::BOLD)
    };
    canvas.set_style(area, style);
}

fn ambiguous_rows(buffer: &Buffer) -> Vec<(u16, String)> {
    let rows = buffer.content().chunks(usize::from(buffer.area.width.max(1)));
    (buffer.area.y..)
        .zip(rows)
        .filter(|(_, cells)| cells.iter().any(|cell| has_ambiguous_width(cell.symbol())))
        .map(|(y, cells)| (y, cells.iter().map(Cell::symbol).collect()))
        .collect()
}

/// Returns whether the width of a symbol differs between terminals. This concerns combining marks, and scripts of South
/// and South-East Asia, because only some terminals join their vowel signs to the previous letter.
fn has_ambiguous_width(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    let first = characters.next().unwrap_or(' ');
    characters.next().is_some() || matches!(first, '\u{0900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}
