//! A line of text that is being written.

use crossterm::event::{Event, KeyEvent};
use tui_input::{Input, InputRequest, backend::crossterm::to_input_request};

/// The most characters a line takes: more than any value the server accepts.
const LONGEST: usize = 4_096;

/// A line of text with a cursor.
#[derive(Debug, Clone, Default)]
pub struct Field(Input);

impl Field {
    /// A line that holds a text already, with the cursor behind it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    /// What it holds.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// What it holds without space around it; `None` when that is nothing.
    #[must_use]
    pub fn given(&self) -> Option<String> {
        Some(self.text().trim()).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// What stands before and behind the cursor.
    #[must_use]
    pub fn around_cursor(&self) -> (&str, &str) {
        let text = self.text();
        let at = text.char_indices().nth(self.0.cursor()).map_or(text.len(), |(at, _)| at);
        text.split_at_checked(at).unwrap_or((text, ""))
    }

    /// Takes a key. Answers whether the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let request = to_input_request(&Event::Key(key));
        request.is_some_and(|request| self.request(request))
    }

    /// Takes a text that was pasted, as one line.
    pub fn paste(&mut self, text: &str) -> bool {
        let symbols = text.trim().chars().map(|symbol| if symbol.is_control() { ' ' } else { symbol });
        let mut changed = false;
        for symbol in symbols {
            changed |= self.request(InputRequest::InsertChar(symbol));
        }
        changed
    }

    fn request(&mut self, request: InputRequest) -> bool {
        if matches!(request, InputRequest::InsertChar(_)) && self.text().chars().count() >= LONGEST {
            return false;
        }
        self.0.handle(request).is_some_and(|change| change.value)
    }
}
