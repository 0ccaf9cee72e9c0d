//! Tables that are aligned whatever the texts hold, and fit the terminal.

use crate::escape::{fit, visible, width};

/// Space between columns.
const GAP: usize = 2;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    heading: &'static str,
    right: bool,
    least: Option<usize>,
    /// The higher, the sooner it is left out when there is no room; never at 0.
    spare: u8,
}

impl Column {
    /// Texts that are shown whole.
    pub(super) const fn new(heading: &'static str) -> Self {
        Self { heading, right: false, least: None, spare: 0 }
    }

    /// Numbers.
    pub(super) const fn number(heading: &'static str) -> Self {
        Self { right: true, ..Self::new(heading) }
    }

    /// Texts that may be cut down to so many columns.
    pub(super) const fn text(heading: &'static str, least: usize) -> Self {
        Self { least: Some(least), ..Self::new(heading) }
    }

    /// The same column, left out before those of a lower number when there is no room.
    pub(super) const fn spare(mut self, order: u8) -> Self {
        self.spare = order;
        self
    }
}

/// The columns of a table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    columns: Vec<Column>,
}

/// How wide each column of a table is.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// `None` for a column that is left out.
    columns: Vec<(Column, Option<usize>)>,
    /// Whether longer texts are cut, or push the rest of their line to the right.
    cut: bool,
}

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec() }
    }

    /// Lays the table out for these rows, within so many columns if there is a limit.
    pub(super) fn layout(&self, rows: &[Vec<String>], limit: Option<usize>) -> Layout {
        let natural = |(index, column): (usize, &Column)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| width(&visible(cell)));
            (*column, Some(cells.chain([width(column.heading)]).max().unwrap_or(0)))
        };
        let mut columns: Vec<_> = self.columns.iter().enumerate().map(natural).collect();
        let Some(limit) = limit else { return Layout { columns, cut: false } };
        loop {
            let over = total(&columns).saturating_sub(limit);
            if over == 0 {
                break;
            }
            if let Some(rest) = shrink(&columns, over) {
                columns = rest;
                break;
            }
            let sparest = columns.iter_mut().filter(|(column, width)| column.spare > 0 && width.is_some());
            match sparest.max_by_key(|(column, _)| column.spare) {
                Some((_, width)) => *width = None,
                // Nothing can be left out: the terminal wraps, as little as can be.
                None => {
                    columns.iter_mut().for_each(squeeze);
                    break;
                }
            }
        }
        Layout { columns, cut: true }
    }
}

fn total(columns: &[(Column, Option<usize>)]) -> usize {
    let shown: Vec<_> = columns.iter().filter_map(|(_, width)| *width).collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// Leaves a text no more than it needs.
fn squeeze((column, width): &mut (Column, Option<usize>)) {
    if let (Some(width), Some(least)) = (width, column.least) {
        *width = least.min(*width);
    }
}

/// Takes so many columns from the widest texts, if they can spare them.
fn shrink(columns: &[(Column, Option<usize>)], over: usize) -> Option<Vec<(Column, Option<usize>)>> {
    let mut columns = columns.to_vec();
    for _ in 0..over {
        let can_give = columns.iter_mut().filter_map(|(column, width)| {
            let width = width.as_mut()?;
            (*width > column.least?).then_some(width)
        });
        *can_give.max_by_key(|width| **width)? -= 1;
    }
    Some(columns)
}

impl Layout {
    /// The headings as a line.
    pub(super) fn headings(&self) -> String {
        self.line(self.columns.iter().map(|(column, _)| column.heading))
    }

    /// A row as a line. Texts are made harmless here.
    pub(super) fn row(&self, cells: &[String]) -> String {
        self.line(cells.iter().map(String::as_str))
    }

    /// Headings of columns for which there is no room.
    pub(super) fn left_out(&self) -> Vec<&'static str> {
        self.columns.iter().filter(|(_, width)| width.is_none()).map(|(column, _)| column.heading).collect()
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        for ((column, room), cell) in self.columns.iter().zip(cells) {
            let Some(room) = *room else { continue };
            // Only what may be cut is cut: an id must stay one.
            let cell = if self.cut && column.least.is_some() { fit(cell, room) } else { visible(cell) };
            let space = " ".repeat(room.saturating_sub(width(&cell)));
            let (before, after) = if column.right { (space.as_str(), "") } else { ("", space.as_str()) };
            line.extend([before, &cell, after, "  "]);
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[&str; 4]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn table() -> Table {
        Table::new(&[
            Column::new("ID"),
            Column::text("NAME", 4),
            Column::number("USERS").spare(2),
            Column::text("NOTE", 6).spare(1),
        ])
    }

    fn render(limit: Option<usize>) -> Vec<String> {
        let rows = rows(&[["1", "日本語ショップ", "12", "long enough"], ["22", "a\u{202e}b", "3", ""]]);
        let layout = table().layout(&rows, limit);
        std::iter::once(layout.headings()).chain(rows.iter().map(|row| layout.row(row))).collect()
    }

    #[test]
    fn without_a_limit_nothing_is_cut() {
        assert_eq!(
            render(None),
            ["ID  NAME            USERS  NOTE", "1   日本語ショップ     12  long enough", "22  a\\u{202e}b          3",]
        );
    }

    #[test]
    fn the_widest_texts_are_cut_first() {
        assert_eq!(
            render(Some(30)),
            ["ID  NAME       USERS  NOTE", "1   日本語シ…     12  long en…", "22  a…             3",]
        );
    }

    #[test]
    fn what_can_be_spared_is_left_out_when_cutting_is_not_enough() {
        let layout = table().layout(&rows(&[["1", "Shop", "12", "note"]]), Some(14));
        assert_eq!(layout.left_out(), ["USERS"]);
        assert_eq!(layout.row(&rows(&[["1", "Shop", "12", "note"]])[0]), "1   Shop  note");
        let layout = table().layout(&rows(&[["123456789", "Shop", "12", "note"]]), Some(10));
        assert_eq!(layout.left_out(), ["USERS", "NOTE"], "an id stays whole");
        let long = rows(&[["123456789", "Shopping", "12", "note"]]);
        assert_eq!(table().layout(&long, Some(10)).row(&long[0]), "123456789  Sho…");
    }

    #[test]
    fn lines_fit_their_limit() {
        let rows = rows(&[["1", "日本語ショップ日本語ショップ", "12", "🇩🇪 long enough to be cut somewhere"]]);
        for limit in 20..80 {
            let layout = table().layout(&rows, Some(limit));
            for line in [layout.headings(), layout.row(&rows[0])] {
                assert!(width(&line) <= limit, "{limit}: {line}");
            }
        }
    }
}
