//! Drawing of the palette.

use ratatui::layout::Rect;

use super::{Palette, item::Target};
use crate::ui::{Canvas, Column, Page as _, Tone, View, below, cell, right_of};

const WIDTH: u16 = 92;
const HEIGHT: u16 = 18;

impl View for Palette {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.overlay(area, WIDTH, HEIGHT, &self.title());
        canvas.line(inside, &[(":", Tone::Accent)]);
        let input = right_of(inside, 2);
        canvas.text_input(Rect { width: input.width.saturating_sub(2), ..input }, &self.input, true);
        if self.is_searching() {
            canvas.line_right(inside, &[(canvas.spinner(), Tone::Accent)]);
        }
        let list = below(inside, 2);
        let items = self.items();
        match self.search.error() {
            Some(error) => {
                canvas.line(below(inside, 1), &[(&format!("✗ {error}"), Tone::Bad)]);
            }
            None if items.is_empty() && self.is_searching() => {
                canvas.line(list, &[("Searching…", Tone::Dim)]);
            }
            None if items.is_empty() => {
                canvas.line(list, &[("Nothing matches.", Tone::Dim)]);
            }
            None => {}
        }
        // The selection mark and the scroll bar are in the padding.
        let list = Rect { x: list.x - 1, width: list.width + 2, ..list };
        let columns = [Column::share("", 1), Column::fixed("", 10).right()];
        canvas.table(list, &columns, items.iter(), &self.selection, true, |item| {
            let text = match item.detail.as_str() {
                "" => item.text.clone(),
                detail => format!("{}   {detail}", item.text),
            };
            let kind_tone = if matches!(item.target, Target::Run(_)) { Tone::Accent } else { Tone::Dim };
            vec![cell(text, Tone::Plain), cell(&item.kind, kind_tone)]
        });
    }
}
