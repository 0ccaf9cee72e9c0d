//! The key bar, and notifications above it.

use ratatui::{layout::Rect, style::Modifier};

use crate::{
    model::{ExportInProgress, Model},
    ui::{Binding, Canvas, ClickTarget, Command, Tone, columns, right_of},
};

const EXPORT_WIDTH: u16 = 64;

fn key_of(binding: &Binding) -> String {
    binding.keys.first().map(ToString::to_string).unwrap_or_default()
}

/// Width of a binding in the key bar, including the gap after it.
fn width(binding: &Binding) -> u16 {
    columns(&key_of(binding)) + 1 + columns(binding.label) + 2
}

/// Draws the bindings that fit. The key for help is always shown.
pub(super) fn draw_key_bar(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let bindings = model.bindings();
    let (help, others): (Vec<&Binding>, Vec<&Binding>) = bindings
        .iter()
        .filter(|binding| !binding.label.is_empty())
        .partition(|binding| binding.command == Command::Help);
    let reserved: u16 = help.iter().map(|binding| width(binding)).sum();
    let mut place = right_of(area, 1);
    for binding in others {
        if width(binding) + reserved <= place.width {
            place = draw_binding(canvas, place, binding);
        }
    }
    for binding in help {
        place = draw_binding(canvas, place, binding);
    }
}

/// Draws a binding. Returns the rest of the area.
fn draw_binding(canvas: &mut Canvas<'_>, area: Rect, binding: &Binding) -> Rect {
    let key_style = canvas.theme.style(Tone::Accent).add_modifier(Modifier::BOLD);
    let used = canvas.styled(area, &key_of(binding), key_style) + 1;
    let used = used + canvas.line(right_of(area, used), &[(binding.label, Tone::Dim)]);
    canvas.target(Rect { width: used.min(area.width), ..area }, ClickTarget::Command(binding.command));
    right_of(area, used + 2)
}

/// Draws the export in progress and the notifications, the latest at the bottom.
pub(super) fn draw_toasts(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let mut bottom = area.bottom();
    let mut next_place = |width: u16| {
        bottom = bottom.saturating_sub(1);
        let width = width.min(area.width - 2);
        (bottom >= area.y).then(|| Rect { x: area.right() - width - 1, y: bottom, width, height: 1 })
    };
    if let Some(export) = &model.export
        && let Some(place) = next_place(EXPORT_WIDTH)
    {
        draw_export(canvas, place, export);
    }
    for toast in model.toasts.iter().rev() {
        let mark = match toast.tone {
            Tone::Good => "▌✓ ",
            Tone::Bad => "▌✗ ",
            Tone::Warn => "▌! ",
            _ => "▌ ",
        };
        if let Some(place) = next_place(columns(&toast.text) + 5) {
            draw_notification(canvas, place, &[(mark, toast.tone), (&toast.text, Tone::Plain)]);
        }
    }
}

fn draw_notification(canvas: &mut Canvas<'_>, area: Rect, texts: &[(&str, Tone)]) {
    canvas.clear(area);
    canvas.set_style(area, canvas.theme.chip());
    canvas.line(Rect { width: area.width - 1, ..area }, texts);
}

fn draw_export(canvas: &mut Canvas<'_>, area: Rect, export: &ExportInProgress) {
    let entries = export.progress.entries();
    let Some(percent) = export.progress.percent() else {
        let text = format!("Exporting {entries}  ^x cancels");
        return draw_notification(canvas, area, &[("▌ ", Tone::Accent), (&text, Tone::Plain)]);
    };
    draw_notification(canvas, area, &[("▌ ", Tone::Accent)]);
    let label = format!("Exporting {percent} %  {entries}  ^x cancels");
    canvas.gauge(Rect { width: area.width - 3, ..right_of(area, 2) }, &label, percent);
}
