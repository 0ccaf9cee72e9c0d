//! Drawing of the confirmation dialog.

use ratatui::layout::Rect;

use super::ConfirmDialog;
use crate::ui::{Canvas, Command, Tone, View, below, right_of, row, wrap};

const WIDTH: u16 = 72;

impl View for ConfirmDialog {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = WIDTH.min(area.width - 2);
        let wrapped = |text: &str| wrap(text, width - 4);
        let error: Vec<String> = self.error.iter().flat_map(|error| wrapped(error)).collect();
        let name_rows = if self.question.typed_name.is_some() { 2 } else { 0 };
        let fixed_rows = 4 + name_rows + u16::try_from(error.len()).unwrap_or(1);
        let lines = self.question.lines.iter();
        let lines: Vec<(Tone, String)> =
            lines.flat_map(|(tone, text)| wrapped(text).into_iter().map(|line| (*tone, line))).collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(fixed_rows);
        let inside = canvas.overlay(area, width, height, &self.question.title);

        let text = Rect { height: inside.height.saturating_sub(fixed_rows - 2), ..inside };
        let visible = usize::from(text.height);
        let first = self.scroll.selected.min(lines.len().saturating_sub(visible));
        let texts: Vec<_> = lines.iter().map(|(tone, line)| vec![(line.as_str(), *tone)]).collect();
        canvas.scrolled(text, &texts, first);
        // The scroll bar is drawn on the border.
        canvas.scrollbar(Rect { x: text.right() + 1, width: 1, ..text }, first, lines.len());
        (canvas.info.list_height, canvas.info.text_rows) = (visible, lines.len());

        let mut rest = below(inside, text.height);
        if let Some(name) = &self.question.typed_name {
            canvas.line(rest, &[(name, Tone::Accent)]);
            canvas.text_input(below(rest, 1), &self.input, true);
            rest = below(rest, 2);
        }
        for line in &error {
            canvas.line(rest, &[(line, Tone::Bad)]);
            rest = below(rest, 1);
        }
        let hidden = if self.was_read { 0 } else { lines.len().saturating_sub(first + visible) };
        self.draw_buttons(canvas, hidden, row(inside, inside.height.saturating_sub(1)));
    }
}

impl ConfirmDialog {
    /// Draws the buttons, and `hidden`: the number of lines that the user must still read before confirming.
    fn draw_buttons(&self, canvas: &mut Canvas<'_>, hidden: usize, area: Rect) {
        if self.pending.is_some() {
            let progress = match self.total() {
                1 => String::new(),
                total => format!("{} of {total}  ", self.completed + 1),
            };
            let used = canvas
                .line(area, &[(canvas.spinner(), Tone::Accent), (" working… ", Tone::Dim), (&progress, Tone::Dim)]);
            canvas.button(right_of(area, used), ("esc ", Tone::Accent), ("stops waiting", Tone::Dim), Command::Back);
            return;
        }
        let tone = match (hidden == 0 && self.is_name_typed(), self.question.destructive) {
            (false, _) => Tone::Dim,
            (true, true) => Tone::Bad,
            (true, false) => Tone::Good,
        };
        let key = if self.question.typed_name.is_some() { " ⏎ " } else { " y " };
        let used = canvas.button(area, (key, tone), (self.question.verb, tone), Command::Submit);
        let cancel = right_of(area, used + 3);
        canvas.button(cancel, ("esc ", Tone::Accent), ("cancel", Tone::Dim), Command::Back);
        if hidden > 0 {
            let text = format!("↓ {hidden} more {}", if hidden == 1 { "line" } else { "lines" });
            canvas.line_right(area, &[(&text, Tone::Warn)]);
        }
    }
}
