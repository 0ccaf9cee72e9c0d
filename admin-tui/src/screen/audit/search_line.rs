//! The state of the search line.

use crate::{
    api::AuditQuery,
    ui::{Binding, Command, FilterInput, Key, TextInput, bind},
};

#[derive(Debug, Clone, Default)]
pub(super) struct SearchLine {
    pub(super) input: FilterInput,
    pub(super) problem: Option<String>,
    /// The last text that was applied, and its query. In the text, relative times stay relative.
    pub(super) applied: Option<(String, AuditQuery)>,
    /// The query before the line was edited.
    pub(super) before: AuditQuery,
}

impl SearchLine {
    pub(super) const fn is_active(&self) -> bool {
        self.input.active
    }

    pub(super) fn bindings() -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "search", "apply the search and return to the rows"),
            bind(&[Key::Esc], Command::Leave, "cancel", "restore the previous filters"),
            bind(&[Key::Tab], Command::Complete, "complete", "complete the field or value"),
            bind(&[Key::Down], Command::Down, "", "next row"),
            bind(&[Key::Up], Command::Up, "", "previous row"),
        ]
    }

    pub(super) fn set_text(&mut self, text: &str) {
        self.input.input = TextInput::new(text);
        self.problem = None;
    }
}
