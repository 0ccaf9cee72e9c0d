//! A filter that applies while the user types.

use doorward_shared::Timestamp;

use super::{
    keymap::{Binding, Command, Key, bind},
    text_input::TextInput,
};

/// Delay in milliseconds: when the user has not typed for this long, a request is sent even if the previous one is
/// still pending.
const PAUSE_MS: i64 = 150;

/// The text of a filter, and the time at which to request the filtered rows.
#[derive(Debug, Clone, Default)]
pub struct FilterInput {
    pub input: TextInput,
    pub active: bool,
    due_at: Option<Timestamp>,
}

pub const FILTER_KEYS: [Binding; 4] = [
    bind(&[Key::Enter], Command::Submit, "keep", "keep the filter and return to the rows"),
    bind(&[Key::Esc], Command::Leave, "clear", "clear the filter"),
    bind(&[Key::Down], Command::Down, "", "next row"),
    bind(&[Key::Up], Command::Up, "", "previous row"),
];

impl FilterInput {
    pub fn new(text: &str) -> Self {
        Self { input: TextInput::new(text), ..Self::default() }
    }

    /// Returns the filter's text, or `None` if no filter is applied.
    pub fn text(&self) -> Option<String> {
        self.input.trimmed()
    }

    /// Handles a change of the text. Returns whether to send a request now. While a request is pending, the next one is
    /// sent after the response or after a pause in typing, whichever comes first. This limits the number of requests to
    /// a slow server.
    pub fn edited(&mut self, now: Timestamp, is_pending: bool) -> bool {
        self.due_at = is_pending.then(|| now.plus_millis(PAUSE_MS));
        !is_pending
    }

    /// Returns whether the text changed while a request was pending, and resets this state. Called after the response.
    pub fn take_waiting(&mut self) -> bool {
        self.due_at.take().is_some()
    }

    /// Returns `true` once when typing has paused for long enough to send the waiting request.
    pub fn take_due(&mut self, now: Timestamp) -> bool {
        self.due_at.take_if(|due_at| *due_at <= now).is_some()
    }

    /// Performs a command of [`FILTER_KEYS`]. Returns whether to send a request now.
    pub fn perform(&mut self, command: Command) -> bool {
        match command {
            Command::Filter => self.active = true,
            Command::Submit => {
                self.active = false;
                return self.take_waiting();
            }
            Command::Leave => {
                let was_in_force = self.text().is_some();
                *self = Self::default();
                return was_in_force;
            }
            _ => {}
        }
        false
    }
}
