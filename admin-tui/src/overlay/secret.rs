//! A new secret, which is shown only in this dialog and wiped from memory when it closes.

use ratatui::layout::Rect;

use crate::{
    secret::Revealed,
    time_format,
    ui::{Binding, Canvas, Command, Key, Page, Rights, Tone, UpdateContext, View, below, bind, columns},
};

#[derive(Debug)]
pub struct SecretDialog {
    /// `API key` or `admin token`.
    kind: &'static str,
    revealed: Revealed,
    copied: bool,
    /// `true` once the user was warned that closing the dialog loses the secret.
    warned: bool,
}

impl SecretDialog {
    pub const fn new(kind: &'static str, revealed: Revealed) -> Self {
        Self { kind, revealed, copied: false, warned: false }
    }
}

impl Page for SecretDialog {
    fn title(&self) -> String {
        format!("New {}", self.kind)
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let close = &[Key::Esc, Key::Enter, Key::Char('q')];
        vec![
            bind(&[Key::Char('c'), Key::Char('y')], Command::Copy, "copy", "copy the secret to the clipboard"),
            bind(close, Command::Back, "close", "close; the secret cannot be shown again"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Copy => {
                self.copied = true;
                cx.copy_secret(self.revealed.secret.clone());
            }
            // A key pressed by mistake must not lose the secret.
            Command::Back if !self.copied && !self.warned => self.warned = true,
            Command::Back => cx.close_dialog(),
            _ => {}
        }
    }

    fn unsaved_changes(&self) -> Option<String> {
        (!self.copied).then(|| format!("The new {} is shown only now and was not copied.", self.kind))
    }
}

impl View for SecretDialog {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let secret = self.revealed.secret.reveal();
        let inside = canvas.overlay(area, (columns(secret) + 6).max(66), 11, &self.title());
        let expires = self.revealed.expires_at.map_or_else(|| "never".to_owned(), time_format::date_time);
        canvas.line(inside, &[("Name     ", Tone::Dim), (&self.revealed.name, Tone::Strong)]);
        canvas.line(below(inside, 1), &[("Expires  ", Tone::Dim), (&expires, Tone::Plain)]);
        // The secret wraps, because a truncated secret is useless.
        canvas.paragraph(Rect { height: 3, ..below(inside, 3) }, secret, Tone::Accent);
        let warning = "The secret is shown only once. The server keeps only its hash.";
        canvas.line(below(inside, 6), &[(warning, Tone::Warn)]);
        let (text, tone) = match (self.copied, self.warned) {
            (true, _) => ("✓ Sent to the terminal's clipboard (OSC 52). Check that it arrived.", Tone::Good),
            (false, true) => ("Not copied yet. Press the key again to close and lose the secret.", Tone::Bad),
            (false, false) => ("Press c to copy it through the terminal, also over ssh.", Tone::Dim),
        };
        canvas.line(below(inside, 7), &[(text, tone)]);
    }
}
