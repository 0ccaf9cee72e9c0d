//! What screens and dialogs reach the rest of the app through.

use doorward_shared::{Timestamp, admin::Role};

use super::Tone;
use crate::{
    api::AuditQuery,
    backend::{Call, Export},
    effect::Effect,
    folders::Folders,
    keymap::Command,
    message::RequestId,
    overlay::Overlay,
    screen::Screen,
    secret::Secret,
};

/// What an update may use besides the screen it updates: the time, the role, and the ways to the outside.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The time.
    pub now: Timestamp,
    /// What the token may do.
    pub role: Role,
    /// Where files go.
    pub folders: &'a Folders,
    pub(super) ids: &'a mut u64,
    pub(super) out: &'a mut Out,
}

/// What an update leaves to be done.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(crate) effects: Vec<Effect>,
    pub(crate) then: Vec<Then>,
}

/// What a screen or dialog wants of the app.
#[derive(Debug)]
pub(crate) enum Then {
    Open(Box<Screen>),
    Back,
    Overlay(Box<Overlay>),
    CloseOverlay,
    Toast(Tone, String),
    Reload,
    Export(Box<Export>),
    Run(Command),
    Refine(Box<AuditQuery>),
    Quit,
}

impl Cx<'_> {
    /// Whether the token may change things.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.role == Role::Admin
    }

    /// Asks the server.
    pub fn ask(&mut self, call: Call) -> RequestId {
        *self.ids += 1;
        let id = RequestId(*self.ids);
        self.out.effects.push(Effect::Call(id, Box::new(call)));
        id
    }

    /// Forgets about a call.
    pub fn cancel(&mut self, id: RequestId) {
        self.out.effects.push(Effect::Cancel(id));
    }

    /// Opens a screen above this one.
    pub fn open(&mut self, screen: Screen) {
        self.out.then.push(Then::Open(Box::new(screen)));
    }

    /// Leaves this screen.
    pub fn back(&mut self) {
        self.out.then.push(Then::Back);
    }

    /// Opens a dialog.
    pub fn dialog(&mut self, overlay: Overlay) {
        self.out.then.push(Then::Overlay(Box::new(overlay)));
    }

    /// Closes the dialog.
    pub fn close_dialog(&mut self) {
        self.out.then.push(Then::CloseOverlay);
    }

    /// Says something that passes.
    pub fn toast(&mut self, tone: Tone, text: impl Into<String>) {
        self.out.then.push(Then::Toast(tone, text.into()));
    }

    /// Has the screen in front ask the server again.
    pub fn reload(&mut self) {
        self.out.then.push(Then::Reload);
    }

    /// Starts an export.
    pub fn export(&mut self, export: Export) {
        self.out.then.push(Then::Export(Box::new(export)));
    }

    /// Runs a command of what is in front, once the dialog is closed.
    pub fn run(&mut self, command: Command) {
        self.out.then.push(Then::Run(command));
    }

    /// Has the audit log in front show what a query finds.
    pub fn refine(&mut self, query: AuditQuery) {
        self.out.then.push(Then::Refine(Box::new(query)));
    }

    /// Ends the app.
    pub fn quit(&mut self) {
        self.out.then.push(Then::Quit);
    }

    /// Hands a secret to the clipboard.
    pub fn copy(&mut self, secret: Secret) {
        self.out.effects.push(Effect::Copy(secret));
    }
}
