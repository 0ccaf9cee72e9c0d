//! A secret, on the one screen that ever shows it. It is wiped with the value of this type.

use crate::{
    keymap::{Binding, Command, Key, bind},
    message::Reply,
    model::Cx,
    screen::Page,
    secret::Revealed,
};

/// A secret that was just made.
#[derive(Debug)]
pub struct SecretOnce {
    /// What it is: `API key`, `admin token`.
    pub what: &'static str,
    /// The secret, with its name.
    pub revealed: Revealed,
    /// Whether it was handed to the clipboard.
    pub copied: bool,
    /// Whether it was said that closing loses it.
    pub warned: bool,
}

impl SecretOnce {
    /// Shows a secret.
    #[must_use]
    pub const fn new(what: &'static str, revealed: Revealed) -> Self {
        Self { what, revealed, copied: false, warned: false }
    }
}

impl Page for SecretOnce {
    fn title(&self) -> String {
        format!("New {}", self.what)
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        vec![
            bind(&[Key::Char('c'), Key::Char('y')], Command::Copy, "copy", "copy the secret to the clipboard"),
            bind(
                &[Key::Esc, Key::Enter, Key::Char('q')],
                Command::Back,
                "close",
                "close; the secret cannot be shown again",
            ),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Copy => {
                self.copied = true;
                cx.copy(self.revealed.secret.clone());
            }
            // One key too many must not lose it.
            Command::Back if !self.copied && !self.warned => self.warned = true,
            Command::Back => cx.close_dialog(),
            _ => {}
        }
    }

    fn load(&mut self, _cx: &mut Cx<'_>) {}

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        Some(reply)
    }

    fn is_busy(&self) -> bool {
        false
    }
}
