//! Tables.

use std::borrow::Cow;

use ratatui::{layout::Rect, style::Modifier};

use super::paint::{Painter, columns};
use crate::{list::Cursor, message::Target, model::Tone};

/// Columns between two cells.
const GAP: u16 = 2;
/// The narrowest a column becomes that shares what is left.
const NARROWEST: u16 = 6;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// So many columns.
    Fixed(u16),
    /// A share of what is left.
    Share(u16),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    title: Cow<'static, str>,
    width: Width,
    right: bool,
    from: u16,
}

impl Column {
    /// A column for texts.
    #[must_use]
    pub(crate) fn new(title: impl Into<Cow<'static, str>>, width: Width) -> Self {
        Self { title: title.into(), width, right: false, from: 0 }
    }

    /// Its cells end at its right edge.
    #[must_use]
    pub(crate) const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// It is shown only where the table has at least so many columns.
    #[must_use]
    pub(crate) const fn from(mut self, columns: u16) -> Self {
        self.from = columns;
        self
    }
}

/// A cell.
pub(crate) type Cell<'a> = (Cow<'a, str>, Tone);

/// A cell of a text.
pub(crate) fn cell<'a>(text: impl Into<Cow<'a, str>>, tone: Tone) -> Cell<'a> {
    (text.into(), tone)
}

/// What a table shows.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// Its columns.
    pub(crate) columns: Vec<Column>,
    /// How many rows there are.
    pub(crate) len: usize,
    /// Selection and view.
    pub(crate) cursor: &'a Cursor,
    /// Whether keys move in it.
    pub(crate) focused: bool,
}

impl Painter<'_> {
    /// Draws a table, asking for the cells of the rows in view alone.
    pub(crate) fn table<'r>(&mut self, area: Rect, table: &Table<'_>, row: impl Fn(usize) -> Vec<Cell<'r>>) {
        if area.height < 2 || area.width < NARROWEST {
            return;
        }
        let places = places(&table.columns, Rect::new(area.x + 1, area.y, area.width - 2, 1));
        for (column, place) in table.columns.iter().zip(&places) {
            if let Some((x, room)) = place {
                let x = if column.right { x + room.saturating_sub(columns(&column.title)) } else { *x };
                let style = self.theme.style(Tone::Dim).add_modifier(Modifier::BOLD);
                self.styled(x, area.y, *room, &column.title, style);
            }
        }
        let height = usize::from(area.height - 1);
        if table.focused {
            self.rows = height;
        }
        let first = table.cursor.first_in_view(height, table.len);
        for (y, index) in (area.y + 1..area.bottom()).zip(first..table.len) {
            let line = Rect::new(area.x, y, area.width, 1);
            for ((text, tone), (column, place)) in row(index).iter().zip(table.columns.iter().zip(&places)) {
                if let Some((x, room)) = place {
                    let shift = if column.right { room.saturating_sub(columns(text)) } else { 0 };
                    self.text(x + shift, y, room - shift, text, *tone);
                }
            }
            if index == table.cursor.selected {
                self.style(line, self.theme.selected(table.focused));
                if table.focused {
                    self.text(area.x, y, 1, "▌", Tone::Accent);
                }
            }
            self.hit(line, if table.focused { Target::Row(index) } else { Target::Other(index) });
        }
        self.scrollbar(Rect::new(area.right() - 1, area.y + 1, 1, area.height - 1), first, table.len);
    }

    /// Shows where in a list the rows in view are, where not all fit.
    pub(crate) fn scrollbar(&mut self, area: Rect, first: usize, len: usize) {
        let height = usize::from(area.height);
        if len <= height || height == 0 {
            return;
        }
        let thumb = (height * height / len).max(1);
        let start = first * (height - thumb) / (len - height).max(1);
        for (at, y) in (area.y..area.bottom()).enumerate() {
            let inside = (start..start + thumb).contains(&at);
            let (symbol, style) =
                if inside { ("┃", self.theme.style(Tone::Dim)) } else { ("│", self.theme.faint()) };
            self.styled(area.x, y, 1, symbol, style);
        }
    }
}

/// Where each column begins and how wide it is; nothing for those that are not shown.
fn places(all: &[Column], area: Rect) -> Vec<Option<(u16, u16)>> {
    let shown = |column: &&Column| area.width >= column.from;
    let count = u16::try_from(all.iter().filter(shown).count()).unwrap_or(u16::MAX);
    let fixed = |column: &Column| match column.width {
        Width::Fixed(width) => width,
        Width::Share(_) => 0,
    };
    let share = |column: &Column| match column.width {
        Width::Fixed(_) => 0,
        Width::Share(share) => share,
    };
    let taken: u16 = all.iter().filter(shown).map(fixed).sum::<u16>() + GAP * count.saturating_sub(1);
    let mut left = area.width.saturating_sub(taken);
    let mut shares: u16 = all.iter().filter(shown).map(share).sum();
    let mut x = area.x;
    all.iter()
        .map(|column| {
            if area.width < column.from {
                return None;
            }
            let wanted = match column.width {
                Width::Fixed(width) => width,
                Width::Share(share) => {
                    let width = u32::from(left) * u32::from(share) / u32::from(shares.max(1));
                    let width = u16::try_from(width).unwrap_or(left);
                    left -= width;
                    shares -= share;
                    width.max(NARROWEST)
                }
            };
            let room = wanted.min(area.right().saturating_sub(x));
            let place = (x, room);
            x = x.saturating_add(room + GAP).min(area.right());
            Some(place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_what_is_left_and_never_leave_the_table() {
        let columns = [
            Column::new("a", Width::Share(1)),
            Column::new("b", Width::Fixed(10)),
            Column::new("c", Width::Share(2)),
            Column::new("d", Width::Fixed(5)).from(60),
        ];
        assert_eq!(places(&columns, Rect::new(1, 0, 44, 1)), [Some((1, 10)), Some((13, 10)), Some((25, 20)), None]);
        for width in 0..200 {
            let area = Rect::new(1, 0, width, 1);
            for (x, room) in places(&columns, area).into_iter().flatten() {
                assert!(x + room <= area.right(), "{width}");
            }
        }
    }
}
