//! Marked rows of a list, for an action on all of them.

use std::collections::BTreeSet;

use super::{
    keymap::{Binding, Command, Key, bind},
    selection::Selection,
    table::{Cell, cell},
    theme::Tone,
};

/// A row that can be identified after the list was reloaded.
pub trait Keyed {
    /// Returns a key that is unique in the list.
    fn key(&self) -> String;
}

/// Keys of the marked rows.
#[derive(Debug, Clone, Default)]
pub struct Marks(BTreeSet<String>);

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the marked rows, in the order of the list.
    pub fn of<'r, T: Keyed>(&self, rows: &'r [T]) -> Vec<&'r T> {
        rows.iter().filter(|row| self.contains(*row)).collect()
    }

    /// Removes the marks of rows that the list no longer contains, because an action on marked rows must not affect
    /// rows that the user no longer sees.
    pub fn retain<T: Keyed>(&mut self, rows: &[T]) {
        if !self.is_empty() {
            let loaded: BTreeSet<String> = rows.iter().map(Keyed::key).collect();
            self.0.retain(|key| loaded.contains(key));
        }
    }

    fn contains(&self, row: &impl Keyed) -> bool {
        !self.is_empty() && self.0.contains(&row.key())
    }

    /// Adds the mark to the first cell of a marked row.
    pub fn add_to_cells(&self, row: &impl Keyed, cells: &mut [Cell<'_>]) {
        if self.contains(row)
            && let Some(first) = cells.first_mut()
        {
            *first = cell(format!("✓ {}", first.0), Tone::Accent);
        }
    }

    pub fn bindings(&self, has_rows: bool) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if !self.is_empty() {
            bindings.push(bind(&[Key::Esc], Command::ClearMarks, "unmark", "remove all marks"));
        }
        if has_rows {
            bindings.push(bind(&[Key::Char(' ')], Command::Mark, "", "mark the row, or remove its mark"));
            bindings.push(bind(&[Key::Char('*')], Command::MarkAll, "", "mark all loaded rows, or none"));
        }
        bindings
    }

    /// Performs a command of [`Self::bindings`]. Returns `false` for any other command.
    pub fn perform<T: Keyed>(&mut self, command: Command, rows: &[T], selection: &mut Selection) -> bool {
        match command {
            Command::Mark => {
                if let Some(key) = selection.row().and_then(|row| rows.get(row)).map(Keyed::key) {
                    if !self.0.remove(&key) {
                        self.0.insert(key);
                    }
                    selection.step(1, rows.len());
                }
            }
            Command::MarkAll if self.len() < rows.len() => self.0 = rows.iter().map(Keyed::key).collect(),
            Command::MarkAll | Command::ClearMarks => self.clear(),
            _ => return false,
        }
        true
    }
}
