//! The selected row of a list, and which rows are visible.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    pub selected: usize,
    pub offset: usize,
    /// Number of rows that fit, as reported by the last frame.
    pub height: usize,
}

impl Default for Selection {
    fn default() -> Self {
        Self { selected: 0, offset: 0, height: 10 }
    }
}

impl Selection {
    /// Selects a row, or the last one if the list is shorter, and scrolls it into view.
    pub fn select(&mut self, row: usize, rows: usize) {
        self.selected = row.min(rows.saturating_sub(1));
        self.offset = self.first_visible(self.height, rows);
    }

    pub fn step(&mut self, by: isize, rows: usize) {
        self.select(self.selected.saturating_add_signed(by), rows);
    }

    /// Returns the first row to draw if `height` rows fit. The selected row is always visible, and the rows fill the
    /// height if there are enough.
    pub fn first_visible(&self, height: usize, rows: usize) -> usize {
        let height = height.max(1);
        let lowest = (self.selected + 1).saturating_sub(height);
        self.offset.clamp(lowest, self.selected.max(lowest)).min(rows.saturating_sub(height))
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn selected_row_is_always_visible() {
        let mut selection = Selection { height: 5, ..Selection::default() };
        for row in [0, 4, 5, 99, 50, 0] {
            selection.select(row, 100);
            let first = selection.first_visible(5, 100);
            assert!((first..first + 5).contains(&row), "{row} from {first}");
        }
        selection.select(99, 100);
        // If the terminal has grown, the list scrolls back so that its rows fill the area.
        assert_eq!(selection.first_visible(20, 100), 80);
        selection.select(7, 3);
        assert_eq!((selection.selected, selection.offset), (2, 0));
        selection.step(-9, 3);
        assert_eq!(selection.selected, 0);
        assert_eq!(selection.first_visible(5, 0), 0);
    }
}
