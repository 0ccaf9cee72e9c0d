//! One line of editable text.

use crossterm::event::{Event, KeyEvent};
use tui_input::{Input, InputRequest, backend::crossterm::to_input_request};

/// Maximum number of characters: more than the server accepts in any value.
const MAX_CHARS: usize = 4_096;

#[derive(Debug, Clone, Default)]
pub struct TextInput(Input);

impl TextInput {
    /// Creates an input with a text, and the text cursor at its end.
    pub fn new(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// Returns the text without surrounding spaces, or `None` if nothing is left.
    pub fn trimmed(&self) -> Option<String> {
        Some(self.text().trim()).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub fn around_cursor(&self) -> (&str, &str) {
        let text = self.text();
        let at = text.char_indices().nth(self.0.cursor()).map_or(text.len(), |(at, _)| at);
        text.split_at_checked(at).unwrap_or((text, ""))
    }

    /// Handles a key. Returns whether the text changed.
    pub fn handle_key(&mut self, key: KeyEvent) -> bool {
        to_input_request(&Event::Key(key)).is_some_and(|request| self.handle(request))
    }

    /// Inserts a pasted text. Replaces control characters, such as LF, with spaces. Returns whether the text changed.
    pub fn paste(&mut self, text: &str) -> bool {
        let mut changed = false;
        for symbol in text.trim().chars() {
            let symbol = if symbol.is_control() { ' ' } else { symbol };
            changed |= self.handle(InputRequest::InsertChar(symbol));
        }
        changed
    }

    fn handle(&mut self, request: InputRequest) -> bool {
        if matches!(request, InputRequest::InsertChar(_)) && self.text().chars().count() >= MAX_CHARS {
            return false;
        }
        self.0.handle(request).is_some_and(|change| change.value)
    }
}
