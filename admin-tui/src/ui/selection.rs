//! The selected row of a list, and which rows are visible.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The selected row or, if none is selected, the row from which the next movement starts.
    pub selected: usize,
    /// `true` if no row is selected because the previously selected row no longer exists.
    pub is_none: bool,
    pub offset: usize,
    /// Number of rows that fit, as reported by the last frame.
    pub height: usize,
}

impl Default for Selection {
    fn default() -> Self {
        Self { selected: 0, is_none: false, offset: 0, height: 10 }
    }
}

impl Selection {
    /// Selects a row, or the last one if the list is shorter, and scrolls it into view.
    pub fn select(&mut self, row: usize, rows: usize) {
        self.is_none = false;
        self.selected = row.min(rows.saturating_sub(1));
        self.offset = self.first_visible(self.height, rows);
    }

    pub fn step(&mut self, by: isize, rows: usize) {
        // If no row is selected, a movement by one row selects the row at which the selection was lost.
        let by = if self.is_none && by.abs() == 1 { 0 } else { by };
        self.select(self.selected.saturating_add_signed(by), rows);
    }

    /// Returns the selected row; `None` if no row is selected.
    pub fn row(&self) -> Option<usize> {
        (!self.is_none).then_some(self.selected)
    }

    /// Selects the row at the position, or no row if the position is `None`.
    pub fn select_found(&mut self, found: Option<usize>, rows: usize) {
        self.select(found.unwrap_or(self.selected), rows);
        self.is_none = found.is_none();
    }

    /// Selects the first row in `new` with the key of the row that was selected in `old`. If `new` does not contain
    /// this key, selects no row.
    pub fn follow<T, K: PartialEq>(&mut self, old: &[T], new: &[T], key: impl Fn(&T) -> K) {
        let selected = self.row().and_then(|row| old.get(row)).map(&key);
        let found = selected.map_or((!self.is_none).then_some(self.selected), |selected| {
            new.iter().position(|row| key(row) == selected)
        });
        match found {
            Some(_) => self.select_found(found, new.len()),
            // The newest rows become visible, and the next movement selects the first row.
            None => {
                self.select(0, new.len());
                self.is_none = true;
            }
        }
    }

    /// Sets the number of rows that fit, and keeps the selection.
    pub fn resize(&mut self, height: usize, rows: usize) {
        self.height = height;
        self.offset = self.first_visible(height, rows);
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
    #[test]
    fn selection_follows_the_key_of_its_row() {
        let mut selection = Selection::default();
        selection.select(2, 4);
        selection.follow(&["a", "b", "c", "d"], &["x", "a", "b", "c", "d"], |row| *row);
        assert_eq!(selection.row(), Some(3));
        selection.follow(&["x", "a", "b", "c", "d"], &["x", "a", "b"], |row| *row);
        assert_eq!(selection.row(), None);
        // No row is selected until the user moves the selection.
        selection.follow(&["x", "a", "b"], &["c", "d"], |row| *row);
        assert_eq!(selection.row(), None);
        selection.step(1, 2);
        assert_eq!(selection.row(), Some(0));
    }
}
