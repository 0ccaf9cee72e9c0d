//! Overlays: dialogs that cover the screen and take the keys until they are closed.

pub mod confirm;
pub mod context_list;
pub mod event_type_picker;
pub mod form;
mod form_definitions;
pub mod help;
pub mod merge;
pub mod palette;
pub mod report;
pub mod secret;
pub mod views;

use doorward_shared::Timestamp;

use crate::{
    doctor::Program,
    paths::BaseFolders,
    ui::{Dialog, Page},
};

/// Builds a dialog. `profile` is the name of the server's profile.
pub fn build(dialog: Dialog, folders: &BaseFolders, profile: Option<&str>, now: Timestamp) -> Box<dyn Page> {
    match dialog {
        Dialog::Form(kind) => Box::new(form::Form::new(kind, folders, now)),
        Dialog::Confirm(question) => Box::new(confirm::ConfirmDialog::new(question)),
        Dialog::Merge(fields) => Box::new(merge::MergeDialog::new(fields)),
        Dialog::EventTypes(query) => Box::new(event_type_picker::EventTypePicker::new(*query)),
        Dialog::Views { views, search } => Box::new(views::ViewsDialog::new(views, search)),
        Dialog::Explain(row, request) => Box::new(report::Report::of_refusal(row, request)),
        Dialog::Doctor { tenant_name, request } => {
            Box::new(report::Report::of_tenant(&tenant_name, request, Program::with_profile(profile)))
        }
        Dialog::Secret { kind, revealed } => Box::new(secret::SecretDialog::new(kind, revealed)),
    }
}
