//! What screens and overlays may use while they handle a message.

use doorward_shared::Timestamp;

use super::{
    keymap::Command,
    route::{Dialog, Route},
    theme::Tone,
};
use crate::{
    api::AuditQuery,
    effect::{Effect, RequestId},
    request::{BackendRequest, ExportRequest},
    secret::Secret,
};

/// The time, and ways to request effects and navigation.
#[derive(Debug)]
pub struct UpdateContext<'a> {
    /// The current time.
    pub now: Timestamp,
    /// The last request id that was assigned.
    pub last_id: &'a mut u64,
    /// Collected effects and navigation.
    pub output: &'a mut UpdateOutput,
}

/// Effects and navigation that an update requests.
#[derive(Debug, Default)]
pub struct UpdateOutput {
    /// Effects, performed after the update.
    pub effects: Vec<Effect>,
    /// Navigation, carried out at the end of the update.
    pub navigation: Vec<Navigation>,
}

/// A request of a screen or overlay to the app.
#[derive(Debug)]
pub enum Navigation {
    /// Opens a screen above the current one.
    Open(Route),
    /// Leaves the current screen.
    Back,
    /// Opens an overlay.
    Show(Box<Dialog>),
    /// Closes the overlay.
    CloseDialog,
    /// Shows a notification.
    Toast(Tone, String),
    /// Reloads the current screen.
    Reload,
    /// Starts an export.
    Export(Box<ExportRequest>),
    /// Runs a command of the current screen.
    Run(Command),
    /// Applies filters to the audit log on the current screen.
    ApplyFilters(Box<AuditQuery>),
    /// Ends the app.
    Quit,
}

impl UpdateContext<'_> {
    /// Sends a request. Its response comes back as a message with the returned id.
    pub fn send(&mut self, call: BackendRequest) -> RequestId {
        *self.last_id += 1;
        let id = RequestId(*self.last_id);
        self.output.effects.push(Effect::Request(id, Box::new(call)));
        id
    }

    /// Cancels a request.
    pub fn cancel(&mut self, id: RequestId) {
        self.output.effects.push(Effect::Cancel(id));
    }

    /// Copies a text to the clipboard.
    pub fn copy(&mut self, text: impl Into<String>) {
        self.copy_secret(Secret::new(text.into()));
    }

    /// Copies a secret to the clipboard.
    pub fn copy_secret(&mut self, secret: Secret) {
        self.output.effects.push(Effect::Copy(secret));
    }

    /// Opens a screen above the current one.
    pub fn open(&mut self, route: Route) {
        self.navigate(Navigation::Open(route));
    }

    /// Opens an overlay.
    pub fn show(&mut self, dialog: Dialog) {
        self.navigate(Navigation::Show(Box::new(dialog)));
    }

    /// Closes the overlay.
    pub fn close_dialog(&mut self) {
        self.navigate(Navigation::CloseDialog);
    }

    /// Shows a notification.
    pub fn toast(&mut self, tone: Tone, text: impl Into<String>) {
        self.navigate(Navigation::Toast(tone, text.into()));
    }

    /// Requests navigation.
    pub fn navigate(&mut self, navigation: Navigation) {
        self.output.navigation.push(navigation);
    }
}
