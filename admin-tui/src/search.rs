//! A filter that is applied while it is written.

use doorward_shared::Timestamp;

use crate::{
    field::Field,
    keymap::{Binding, Command, Key, bind},
};

/// How long nothing must be written until the server is asked although an earlier answer is awaited.
const PAUSE_MS: i64 = 150;

/// A filter's text.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// What is written.
    pub field: Field,
    /// Whether it is being written.
    pub active: bool,
    due: Option<Timestamp>,
}

/// What keys do while a filter is written.
pub const WRITING: [Binding; 4] = [
    bind(&[Key::Enter], Command::Submit, "keep", "keep the filter and go to the rows"),
    bind(&[Key::Esc], Command::Leave, "clear", "drop the filter"),
    bind(&[Key::Down], Command::Down, "", "next row"),
    bind(&[Key::Up], Command::Up, "", "row before"),
];

impl Search {
    /// A filter in force.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { field: Field::new(text), ..Self::default() }
    }

    /// The filter that is in force; `None` for none.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.field.given()
    }

    /// After the text changed. Answers whether the server is to be asked at once: while it is still `asked`, what is
    /// written waits for that answer, or for a pause in the writing if that comes first. So it is asked as often as it
    /// answers, and no more.
    pub fn edited(&mut self, now: Timestamp, asked: bool) -> bool {
        self.due = asked.then(|| now.plus_millis(PAUSE_MS));
        !asked
    }

    /// Whether something was written while an answer was awaited that has come now. Answers `true` once.
    pub fn is_waiting(&mut self) -> bool {
        self.due.take().is_some()
    }

    /// Whether it is time to ask the server. Answers `true` once.
    pub fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
        }
        due
    }

    /// Does what a key of [`WRITING`] says. Answers whether the server must be asked at once.
    pub fn perform(&mut self, command: Command) -> bool {
        match command {
            Command::Filter => self.active = true,
            Command::Submit => {
                self.active = false;
                return self.due.take().is_some();
            }
            Command::Leave => {
                self.active = false;
                self.due = None;
                let was_given = self.text().is_some();
                self.field = Field::default();
                return was_given;
            }
            _ => {}
        }
        false
    }
}
