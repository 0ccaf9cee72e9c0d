//! `:`: every command of the screen in front and of the app, found by its words.

use crate::{
    field::Field,
    keymap::{Binding, Command, Key, bind},
    list::Cursor,
    message::Reply,
    model::Cx,
    screen::Page,
};

/// Commands, and what was written to find one.
#[derive(Debug, Clone)]
pub struct Palette {
    /// What was written.
    pub field: Field,
    /// Which of the commands that match is selected.
    pub cursor: Cursor,
    all: Vec<Binding>,
}

impl Palette {
    /// A palette of these commands. Moving about is left to keys.
    #[must_use]
    pub fn new(bindings: Vec<Binding>) -> Self {
        let moves = |command| {
            matches!(
                command,
                Command::Up
                    | Command::Down
                    | Command::PageUp
                    | Command::PageDown
                    | Command::Left
                    | Command::Right
                    | Command::Palette
            )
        };
        let all = bindings.into_iter().filter(|binding| !moves(binding.command)).collect();
        Self { field: Field::default(), cursor: Cursor::default(), all }
    }

    /// The commands whose words contain everything that was written.
    #[must_use]
    pub fn matching(&self) -> Vec<Binding> {
        let text = self.field.text().to_lowercase();
        let fits = |binding: &&Binding| {
            let words = format!("{} {}", binding.help, binding.label).to_lowercase();
            text.split_whitespace().all(|part| words.contains(part))
        };
        self.all.iter().filter(fits).copied().collect()
    }
}

impl Page for Palette {
    fn title(&self) -> String {
        "Commands".to_owned()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "run", "run the command"),
            bind(&[Key::Esc], Command::Back, "close", "close the palette"),
            bind(&[Key::Down, Key::Ctrl('n'), Key::Tab], Command::Down, "next", "next command"),
            bind(&[Key::Up, Key::Ctrl('p'), Key::BackTab], Command::Up, "", "command before"),
            bind(&[Key::PageDown], Command::PageDown, "", "a page down"),
            bind(&[Key::PageUp], Command::PageUp, "", "a page up"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        if command == Command::Submit || command == Command::Back {
            cx.close_dialog();
        }
        if command == Command::Submit
            && let Some(binding) = self.matching().get(self.cursor.selected)
        {
            cx.run(binding.command);
        }
    }

    fn load(&mut self, _cx: &mut Cx<'_>) {}

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        Some(reply)
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        let rows = self.matching().len();
        Some((&mut self.cursor, rows))
    }

    fn is_editing(&self) -> bool {
        true
    }

    fn field(&mut self) -> Option<&mut Field> {
        Some(&mut self.field)
    }

    fn edited(&mut self, _cx: &mut Cx<'_>) {
        self.cursor.select(0, self.all.len());
    }
}
