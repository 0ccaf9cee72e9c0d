//! Tables on standard output: one line per row, two spaces between columns, no borders.
//!
//! comfy-table measures, aligns and truncates cells. On a terminal, text columns are truncated first. If that is not
//! enough, optional columns are hidden. Without a terminal, only cells wider than `MAX_CELL_WIDTH` are truncated.

use std::borrow::Cow;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use crate::sanitize::truncate;

const GAP: u16 = 2;
/// Maximum width of a cell, even without a terminal, because comfy-table stores widths as `u16`.
const MAX_CELL_WIDTH: usize = 60_000;

#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    heading: &'static str,
    alignment: CellAlignment,
    /// Minimum width of truncated cells; `None` if cells must not be truncated.
    min_width: Option<u16>,
    /// Columns with the highest number are hidden first. Columns with the number 0 are never hidden.
    hide_order: u8,
}

impl Column {
    /// A column whose cells are never truncated.
    pub(super) const fn new(heading: &'static str) -> Self {
        Self { heading, alignment: CellAlignment::Left, min_width: None, hide_order: 0 }
    }

    pub(super) const fn number(heading: &'static str) -> Self {
        Self { alignment: CellAlignment::Right, ..Self::new(heading) }
    }

    /// A column whose cells may be truncated to `min_width` terminal columns.
    pub(super) const fn text(heading: &'static str, min_width: u16) -> Self {
        Self { min_width: Some(min_width), ..Self::new(heading) }
    }

    /// Sets the order in which narrow terminals hide columns: those with the highest number first, those with 0 never.
    pub(super) const fn hide_order(mut self, order: u8) -> Self {
        self.hide_order = order;
        self
    }

    /// Returns the smallest width of the column, given the width of its content.
    fn smallest(&self, content: u16) -> u16 {
        self.min_width.map_or(content, |min| min.min(content))
    }
}

/// A table with its first rows, which determine the layout of all rows.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    columns: Vec<Column>,
    first_rows: Vec<Vec<String>>,
    /// Width of the content of each column.
    content: Vec<u16>,
    /// Columns with a higher `hide_order` than this number are hidden.
    max_shown: u8,
    limit: Option<u16>,
}

impl Layout {
    /// Lays out a table for a terminal of `width` columns. `None` means that the width is not limited.
    pub(super) fn new(columns: &[Column], first_rows: Vec<Vec<String>>, width: Option<usize>) -> Self {
        let limit = width.map(|width| u16::try_from(width).unwrap_or(u16::MAX - GAP));
        let mut layout = Self { columns: columns.to_vec(), first_rows, content: Vec::new(), max_shown: u8::MAX, limit };
        layout.content = layout.table(&[]).column_max_content_widths();
        if let Some(limit) = limit {
            let highest = columns.iter().map(|column| column.hide_order).max().unwrap_or(0);
            layout.max_shown =
                (0..=highest).rev().find(|&order| layout.smallest_width(order) <= limit.into()).unwrap_or(0);
        }
        layout
    }

    pub(super) fn hidden(&self) -> Vec<&'static str> {
        self.columns.iter().filter(|column| self.hides(column)).map(|column| column.heading).collect()
    }

    pub(super) fn head(&self) -> Vec<String> {
        self.lines(&[])
    }

    /// Lays out further rows like the first ones, and returns their lines.
    pub(super) fn rows(&self, rows: &[Vec<String>]) -> Vec<String> {
        self.lines(rows).split_off(1 + self.first_rows.len())
    }

    fn hides(&self, column: &Column) -> bool {
        column.hide_order > self.max_shown
    }

    /// Returns the smallest possible width of the table without the columns whose `hide_order` is greater than `order`.
    fn smallest_width(&self, order: u8) -> u32 {
        let columns = self.columns.iter().zip(&self.content).filter(|(column, _)| column.hide_order <= order);
        columns
            .map(|(column, &content)| u32::from(column.smallest(content) + GAP))
            .sum::<u32>()
            .saturating_sub(GAP.into())
    }

    fn lines(&self, rows: &[Vec<String>]) -> Vec<String> {
        let mut table = self.table(rows);
        for ((column, target), &content) in self.columns.iter().zip(table.column_iter_mut()).zip(&self.content) {
            target.set_padding((0, GAP)).set_cell_alignment(column.alignment);
            if self.hides(column) {
                target.set_constraint(ColumnConstraint::Hidden);
            } else if self.limit.is_some() {
                target.set_constraint(match column.min_width {
                    None => ColumnConstraint::ContentWidth,
                    // The widths in constraints include the padding.
                    Some(_) => ColumnConstraint::Boundaries {
                        lower: Width::Fixed(column.smallest(content) + GAP),
                        upper: Width::Fixed(content + GAP),
                    },
                });
            }
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Sanitizes a cell. Truncates cells of text columns to the width of the terminal, because comfy-table is slow with
    /// very long cells.
    fn cell<'a>(&self, column: &Column, text: &'a str) -> Cow<'a, str> {
        let limit = self.limit.filter(|_| column.min_width.is_some());
        truncate(text, limit.map_or(MAX_CELL_WIDTH, |limit| MAX_CELL_WIDTH.min(limit.into())))
    }

    fn table(&self, rows: &[Vec<String>]) -> Table {
        let mut table = Table::new();
        // Sanitized text contains no NUL. With NUL instead of the space as delimiter of words, comfy-table cuts cells
        // at the exact width.
        table.load_style(presets::NOTHING).set_delimiter('\0');
        table.set_header(self.columns.iter().map(|column| column.heading));
        if let Some(limit) = self.limit {
            // GAP is added, because the padding after the last column is not printed.
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(limit.saturating_add(GAP));
        }
        for row in self.first_rows.iter().chain(rows) {
            let mut row = Row::from(self.columns.iter().zip(row).map(|(column, cell)| self.cell(column, cell)));
            row.max_height(1);
            table.add_row(row);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::width;

    fn rows(rows: &[[&str; 4]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn layout(first_rows: &[[&str; 4]], width: Option<usize>) -> Layout {
        let columns = [
            Column::new("ID"),
            Column::text("NAME", 4),
            Column::number("USERS").hide_order(2),
            Column::text("NOTE", 6).hide_order(1),
        ];
        Layout::new(&columns, rows(first_rows), width)
    }

    const ROWS: [[&str; 4]; 2] = [["1", "日本語ショップ", "12", "long enough"], ["22", "a\u{202e}b", "3", ""]];

    #[test]
    fn without_a_limit_nothing_is_truncated() {
        assert_eq!(
            layout(&ROWS, None).head(),
            ["ID  NAME            USERS  NOTE", "1   日本語ショップ     12  long enough", "22  a\\u{202e}b          3",]
        );
    }

    #[test]
    fn long_texts_are_truncated_to_fit_the_terminal() {
        assert_eq!(
            layout(&ROWS, Some(30)).head(),
            ["ID  NAME       USERS  NOTE", "1   日本語シ…     12  long en…", "22  a\\u{202e…      3",]
        );
    }

    #[test]
    fn optional_columns_are_hidden_when_truncation_is_not_enough() {
        let narrow = layout(&[["1", "Shop", "12", "note"]], Some(14));
        assert_eq!(narrow.hidden(), ["USERS"]);
        assert_eq!(narrow.head()[1], "1   Shop  note");
        let narrower = layout(&[["123456789", "Shopping", "12", "note"]], Some(10));
        assert_eq!(narrower.hidden(), ["USERS", "NOTE"]);
        assert_eq!(narrower.head()[1], "123456789  Sho…", "ids stay complete");
    }

    #[test]
    fn huge_cells_are_accepted() {
        let huge = "x".repeat(200_000);
        for limit in [None, Some(40), Some(usize::MAX)] {
            let line = layout(&[["1", &huge, "12", &huge]], limit).head().remove(1);
            assert!(width(&line) >= 40, "{limit:?}");
        }
    }

    #[test]
    fn lines_fit_the_terminal() {
        let long = ["1", "日本語ショップ日本語ショップ", "12", "🇩🇪 long enough to be cut somewhere"];
        for limit in 20..80 {
            for line in layout(&[long], Some(limit)).head() {
                assert!(width(&line) <= limit, "{limit}: {line}");
            }
        }
    }

    #[test]
    fn further_rows_have_the_same_layout() {
        let layout = layout(&[["1", "Shop", "12", "note"]], Some(24));
        let line = layout.rows(&rows(&[["2", "A much longer name", "3", "and a longer note"]])).remove(0);
        assert_eq!(line, "2   A m…      3  and…");
    }
}
