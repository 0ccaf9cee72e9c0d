//! The pane beside or below the list: the selected entry in full, or the most frequent values.

use std::collections::VecDeque;

use doorward_shared::audit::AdminAuditLogItem;

use super::statistics::{Property, top};
use crate::ui::{Binding, Command, Key, LIST_KEYS, Selection, bind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Content {
    #[default]
    Entry,
    TopValues,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pane {
    pub(super) content: Content,
    /// `true` if the pane is shown on narrow terminals. On wide terminals, it is always shown.
    pub(super) is_open: bool,
    /// `true` if the movement keys act on the pane instead of the list.
    pub(super) is_focused: bool,
    /// The first visible row of the entry.
    pub(super) scroll: Selection,
    /// Number of rows that the entry needs.
    pub(super) text_rows: usize,
    /// Index of the counted property in [`Property::ALL`].
    pub(super) property: usize,
    pub(super) values: Selection,
}

impl Pane {
    pub(super) fn bindings(&self) -> Option<Vec<Binding>> {
        const CLOSE: &[Key] = &[Key::Tab, Key::BackTab, Key::Esc];
        let mut bindings = match self.content {
            _ if !self.is_focused => return None,
            Content::Entry => vec![
                bind(CLOSE, Command::Leave, "list", "return to the list"),
                bind(&[Key::Char('y')], Command::Copy, "copy", "copy the complete entry as JSON"),
                bind(&[Key::Char('c')], Command::TopValues, "top", "show the most frequent values"),
            ],
            Content::TopValues => vec![
                bind(&[Key::Enter], Command::Open, "filter", "show only entries with this value"),
                bind(&[Key::Char('!')], Command::Exclude, "exclude", "show only entries without this value"),
                bind(&[Key::Right, Key::Char('l')], Command::NextProperty, "next", "count the next property"),
                bind(&[Key::Left, Key::Char('h')], Command::PreviousProperty, "", "count the previous property"),
                bind(CLOSE, Command::Leave, "list", "return to the list"),
                bind(&[Key::Char('c')], Command::TopValues, "close", "show the selected entry again"),
            ],
        };
        bindings.extend(LIST_KEYS);
        Some(bindings)
    }

    pub(super) fn property(&self) -> Property {
        Property::ALL.get(self.property).copied().unwrap_or(Property::Code)
    }

    /// Returns the selection or the scroll position of the pane, and the number of its possible positions; `None` if
    /// the pane is not focused.
    pub(super) fn selection(&mut self, rows: &VecDeque<AdminAuditLogItem>) -> Option<(&mut Selection, usize)> {
        match self.content {
            _ if !self.is_focused => None,
            Content::Entry => {
                // Scrolling ends when the last row is visible.
                let positions = self.text_rows.saturating_sub(self.scroll.height) + 1;
                Some((&mut self.scroll, positions))
            }
            Content::TopValues => {
                let values = top(rows, self.property()).len();
                Some((&mut self.values, values))
            }
        }
    }

    /// Returns the most frequent values that the pane shows; empty if the pane shows an entry.
    pub(super) fn values(&self, rows: &VecDeque<AdminAuditLogItem>) -> Vec<String> {
        match self.content {
            Content::Entry => Vec::new(),
            Content::TopValues => top(rows, self.property()).into_iter().map(|(value, _)| value.into_owned()).collect(),
        }
    }

    pub(super) fn scroll_to_start(&mut self) {
        (self.scroll.selected, self.scroll.offset) = (0, 0);
    }

    /// If the pane shows the most frequent values, shows the selected entry instead; otherwise opens or closes the
    /// pane.
    pub(super) fn toggle_entry(&mut self) {
        self.is_open = self.content == Content::TopValues || !self.is_open;
        self.content = Content::Entry;
    }

    pub(super) fn toggle_top(&mut self) {
        if self.content == Content::TopValues {
            (self.content, self.is_open, self.is_focused) = (Content::Entry, false, false);
        } else {
            (self.content, self.is_open, self.is_focused) = (Content::TopValues, true, true);
        }
    }

    pub(super) fn toggle_focus(&mut self) {
        self.is_focused = !self.is_focused;
        self.is_open |= self.is_focused;
    }

    pub(super) fn change_property(&mut self, command: Command) {
        let count = Property::ALL.len();
        let step = if command == Command::NextProperty { 1 } else { count - 1 };
        self.set_property((self.property + step) % count);
    }

    pub(super) fn set_property(&mut self, index: usize) {
        self.property = index;
        self.values = Selection { height: self.values.height, ..Selection::default() };
    }
}
