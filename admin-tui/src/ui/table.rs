//! Tables and scroll bars.

use std::borrow::Cow;

use ratatui::{
    layout::{Alignment, Constraint, Layout, Rect},
    style::Modifier,
    text::{Line, Span},
    widgets::{
        self, HighlightSpacing, Row, Scrollbar, ScrollbarOrientation, ScrollbarState, StatefulWidget as _, TableState,
    },
};

use super::{
    canvas::{Canvas, ClickTarget, columns, row},
    selection::Selection,
    theme::Tone,
};
use crate::sanitize::truncate;

const GAP: u16 = 2;
/// Minimum width of a table, and of a column that takes a share of the width.
const MIN_WIDTH: u16 = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    title: Cow<'static, str>,
    width: Constraint,
    alignment: Alignment,
    min_table_width: u16,
    /// `true` if the width depends on the content.
    is_content_sized: bool,
}

impl Column {
    fn new(title: impl Into<Cow<'static, str>>, width: Constraint) -> Self {
        Self { title: title.into(), width, alignment: Alignment::Left, min_table_width: 0, is_content_sized: false }
    }

    /// A column with a fixed width.
    pub fn fixed(title: impl Into<Cow<'static, str>>, width: u16) -> Self {
        Self::new(title, Constraint::Length(width))
    }

    /// A column that is as wide as its title and its visible cells, up to a maximum width.
    pub fn content(title: impl Into<Cow<'static, str>>, max: u16) -> Self {
        Self { is_content_sized: true, ..Self::new(title, Constraint::Length(max)) }
    }

    /// A column with a share of the remaining width.
    pub fn share(title: impl Into<Cow<'static, str>>, share: u16) -> Self {
        Self::new(title, Constraint::Fill(share))
    }

    pub const fn right(mut self) -> Self {
        self.alignment = Alignment::Right;
        self
    }

    /// Sets the minimum width of the table, in terminal columns. Narrower tables hide this column.
    pub const fn from_width(mut self, columns: u16) -> Self {
        self.min_table_width = columns;
        self
    }
}

impl Column {
    /// Returns the width that fits the cells. `index` is the position of this column in each row.
    fn fitted(&self, index: usize, rows: &[Vec<Cell<'_>>]) -> Constraint {
        let Constraint::Length(max) = self.width else { return self.width };
        if !self.is_content_sized {
            return self.width;
        }
        let cells = rows.iter().filter_map(|cells| cells.get(index)).map(|(text, _)| columns(text));
        let widest = cells.chain([columns(&self.title)]).max().unwrap_or(0);
        Constraint::Length(widest.min(max))
    }
}

pub type Cell<'a> = (Cow<'a, str>, Tone);

pub fn cell<'a>(text: impl Into<Cow<'a, str>>, tone: Tone) -> Cell<'a> {
    (text.into(), tone)
}

impl Canvas<'_> {
    /// Draws a table. `cells` is called for the visible rows only. A row with one cell is drawn across all columns. A
    /// table whose columns have no titles has no header.
    pub fn table<'r, R>(
        &mut self,
        area: Rect,
        columns: &[Column],
        rows: impl ExactSizeIterator<Item = R>,
        selection: &Selection,
        focused: bool,
        cells: impl Fn(R) -> Vec<Cell<'r>>,
    ) {
        let has_header = columns.iter().any(|column| !column.title.is_empty());
        let header_height = u16::from(has_header);
        if area.height <= header_height || area.width < MIN_WIDTH {
            return;
        }
        // One column for the selection mark on the left, one for the scroll bar on the right.
        let inside = Rect { x: area.x + 1, width: area.width - 2, ..area };
        let shown: Vec<bool> = columns.iter().map(|column| inside.width >= column.min_table_width).collect();
        let visible_columns = || columns.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(column, _)| column);
        let len = rows.len();
        let height = usize::from(area.height - header_height);
        let first = selection.first_visible(height, len);
        let drawn: Vec<Vec<Cell<'r>>> = rows.skip(first).take(height).map(cells).collect();
        let all_widths: Vec<Constraint> =
            columns.iter().enumerate().map(|(index, column)| column.fitted(index, &drawn)).collect();
        let visible_widths = all_widths.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(width, _)| *width);
        let layout = Layout::horizontal(visible_widths).spacing(GAP).split(inside);
        let widths: Vec<Constraint> = layout.iter().map(|place| Constraint::Length(place.width)).collect();
        let text = |text: &str, tone: Tone, column: &Column, place: &Rect| {
            let span = Span::styled(truncate(text, usize::from(place.width)).into_owned(), self.theme.style(tone));
            Line::from(span).alignment(column.alignment)
        };
        let titles =
            visible_columns().zip(layout.iter()).map(|(column, place)| text(&column.title, Tone::Dim, column, place));
        let header = Row::new(titles).style(Modifier::BOLD);

        let is_banner = |cells: &[Cell<'_>]| cells.len() == 1 && columns.len() > 1;
        let drawn_rows = drawn.iter().map(|cells| {
            let cells = if is_banner(cells) { &[] } else { cells.as_slice() };
            let visible_cells = cells.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(cell, _)| cell);
            let texts = visible_cells.zip(visible_columns().zip(layout.iter()));
            Row::new(
                texts.map(|((content, tone), (column, place))| text(content, *tone, column, place)).collect::<Vec<_>>(),
            )
        });
        let drawn_rows: Vec<Row<'_>> = drawn_rows.collect();
        let visible = drawn_rows.len();
        let mark = Span::styled(if focused { "▌" } else { " " }, self.theme.style(Tone::Accent));
        let mut table = widgets::Table::new(drawn_rows, widths)
            .column_spacing(GAP)
            .row_highlight_style(self.theme.selected(focused))
            .highlight_symbol(mark)
            .highlight_spacing(HighlightSpacing::Always);
        if has_header {
            table = table.header(header);
        }
        let mut state = TableState::new()
            .with_selected(selection.row().and_then(|row| row.checked_sub(first)).filter(|row| *row < visible));
        table.render(area, self.buffer, &mut state);
        for (cells, line) in drawn.iter().zip(header_height..).filter(|(cells, _)| is_banner(cells)) {
            let texts: Vec<_> = cells.iter().map(|(text, tone)| (text.as_ref(), *tone)).collect();
            self.line(row(inside, line), &texts);
        }

        if focused {
            self.info.list_height = height;
            let visible_indexes = shown.iter().enumerate().filter(|(_, shown)| **shown).map(|(index, _)| index);
            for (index, place) in visible_indexes.zip(layout.iter()).filter(|_| has_header) {
                self.target(Rect { y: area.y, height: 1, ..*place }, ClickTarget::Column(index));
            }
        }
        for (index, line) in (first..first + visible).zip(header_height..) {
            let target = if focused { ClickTarget::Row(index) } else { ClickTarget::OtherRow(index) };
            self.target(row(area, line), target);
        }
        let rail =
            Rect { x: area.right() - 1, width: 1, y: area.y + header_height, height: area.height - header_height };
        self.scrollbar(rail, first, len);
    }

    /// Draws a vertical scroll bar if not all rows fit.
    pub fn scrollbar(&mut self, area: Rect, first: usize, len: usize) {
        let height = usize::from(area.height);
        if len <= height || area.intersection(self.buffer.area) != area {
            return;
        }
        let mut state = ScrollbarState::new(len - height + 1).position(first).viewport_content_length(height);
        Scrollbar::new(ScrollbarOrientation::VerticalRight)
            .begin_symbol(None)
            .end_symbol(None)
            .thumb_symbol("┃")
            .thumb_style(self.theme.style(Tone::Dim))
            .track_symbol(Some("│"))
            .track_style(self.theme.faint())
            .render(area, self.buffer, &mut state);
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::Timestamp;
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::*;
    use crate::ui::Theme;

    #[test]
    fn table_of_any_width_stays_inside_its_area() {
        let columns = [
            Column::share("a", 1),
            Column::fixed("b", 10),
            Column::share("c", 2),
            Column::fixed("d", 5).right().from_width(60),
        ];
        for width in 0..120 {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 4));
            let (theme, now) = (Theme::Plain, Timestamp::from_millis(0));
            let mut canvas = Canvas {
                buffer: &mut buffer,
                theme,
                now,
                zone: Default::default(),
                is_connected: true,
                info: Default::default(),
            };
            let area = Rect::new(0, 0, width, 4);
            let cells = |text: &&str| vec![cell(text.to_string(), Tone::Plain); 4];
            canvas.table(area, &columns, ["x".repeat(99).as_str(); 9].iter(), &Selection::default(), true, cells);
            assert!((width..120).all(|x| buffer[(x, 1)].symbol() == " "), "{width}");
        }
    }
}
