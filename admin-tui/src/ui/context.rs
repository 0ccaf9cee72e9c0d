//! Context of screens and overlays while they handle a message.

use doorward_shared::{Timestamp, audit::AdminAuditLogItem};

use super::{
    keymap::Command,
    merge::Side,
    rights::Rights,
    route::{Dialog, Route, Undo},
    theme::Tone,
};
use crate::{
    api::AuditQuery,
    effect::{Effect, RequestId},
    explain,
    request::{AuditPosition, BackendRequest, ExportRequest},
    secret::Secret,
    settings::Settings,
};

/// The time, and ways to request effects and navigation.
#[derive(Debug)]
pub struct UpdateContext<'a> {
    /// The steady time of [`crate::clock::Time`], for deadlines and intervals.
    pub now: Timestamp,
    /// The time of day, for times that people read or enter and for comparisons with times of the server.
    pub wall: Timestamp,
    pub rights: Rights,
    pub settings: &'a Settings,
    pub last_id: &'a mut u64,
    pub output: &'a mut UpdateOutput,
}

#[derive(Debug, Default)]
pub struct UpdateOutput {
    /// Effects, performed after the update.
    pub effects: Vec<Effect>,
    /// Navigation, carried out at the end of the update.
    pub navigation: Vec<Navigation>,
}

#[derive(Debug)]
pub enum Navigation {
    Open(Route),
    Back,
    /// Closes the screens above a depth.
    ReturnTo(usize),
    Show(Box<Dialog>),
    CloseDialog,
    /// Closes the dialog that asks whether to discard work.
    CloseQuestion,
    Toast(Tone, String),
    /// Shows a notification about a change. For a short time, the user can revert this change.
    OfferUndo(String, Undo),
    Reload,
    Export(Box<ExportRequest>),
    Run(Command),
    /// Switches to the server of a profile. If work would be lost, asks for confirmation first.
    SwitchServer(String),
    /// Switches to the server of a profile without a confirmation.
    Connect(String),
    ApplyFilters(Box<AuditQuery>),
    /// Searches the audit log of the current screen.
    ApplySearch(String),
    /// Saves a view (name and search text). Without a text, deletes the view.
    SaveView(String, Option<String>),
    ToggleZone,
    /// Merges a configuration. Contains the path of each setting, and the side that the user chose for it.
    Merge(Vec<(&'static str, Side)>),
    Quit,
}

impl UpdateContext<'_> {
    /// Sends a request and returns the request's id. The response arrives as a message with this id.
    pub fn send(&mut self, call: BackendRequest) -> RequestId {
        *self.last_id += 1;
        let id = RequestId(*self.last_id);
        self.output.effects.push(Effect::Request(id, Box::new(call)));
        id
    }

    pub fn cancel(&mut self, id: RequestId) {
        self.output.effects.push(Effect::Cancel(id));
    }

    pub fn copy(&mut self, text: impl Into<String>) {
        self.copy_secret(Secret::new(text.into()));
    }

    pub fn copy_secret(&mut self, secret: Secret) {
        self.output.effects.push(Effect::Copy(secret));
    }

    pub fn open(&mut self, route: Route) {
        self.navigate(Navigation::Open(route));
    }

    pub fn show(&mut self, dialog: Dialog) {
        self.navigate(Navigation::Show(Box::new(dialog)));
    }

    /// Shows the explanation of a refusal.
    pub fn explain(&mut self, row: &AdminAuditLogItem) {
        let history = explain::key_history(row, self.rights.all_tenants);
        let request =
            explain::needs_key_history(row).then(|| self.send(BackendRequest::Audit(history, AuditPosition::Newest)));
        self.show(Dialog::Explain(Box::new(row.clone()), request));
    }

    pub fn close_dialog(&mut self) {
        self.navigate(Navigation::CloseDialog);
    }

    pub fn toast(&mut self, tone: Tone, text: impl Into<String>) {
        self.navigate(Navigation::Toast(tone, text.into()));
    }

    pub fn offer_undo(&mut self, text: impl Into<String>, undo: Undo) {
        self.navigate(Navigation::OfferUndo(text.into(), undo));
    }

    pub fn navigate(&mut self, navigation: Navigation) {
        self.output.navigation.push(navigation);
    }
}
