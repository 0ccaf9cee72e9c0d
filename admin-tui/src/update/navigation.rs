//! Moves between sections and screens, and shows notifications.

use crate::{
    model::{Model, Toast},
    overlay::confirm::ConfirmDialog,
    ui::{Action, Question, Section, Tone, UpdateOutput},
};

const MAX_TOASTS: usize = 4;
/// Time for which a notification is visible, in milliseconds.
const TOAST_MS: i64 = 5_000;

pub(super) fn toast(model: &mut Model, tone: Tone, text: impl Into<String>) {
    let until = model.now.plus_millis(TOAST_MS);
    model.toasts.push(Toast { text: text.into(), tone, until });
    let surplus = model.toasts.len().saturating_sub(MAX_TOASTS);
    model.toasts.drain(..surplus);
}

/// Makes the current screen request its data.
pub(super) fn load_screen(model: &mut Model, output: &mut UpdateOutput) {
    model.with_screen(output, |screen, cx| screen.load(cx));
}

/// Closes the screens above a depth.
pub(super) fn return_to(model: &mut Model, depth: usize, output: &mut UpdateOutput) {
    if depth < model.stack().depth() {
        model.stack_mut().truncate(depth);
        load_screen(model, output);
    }
}

/// Closes the screens above a depth. Asks first if there are unsaved changes.
pub(super) fn leave_to(model: &mut Model, depth: usize, output: &mut UpdateOutput) {
    match model.screen().unsaved_changes() {
        Some(what) => ask(model, "Leave without saving?", "leave", vec![unsaved(&what)], Action::Leave),
        None => return_to(model, depth, output),
    }
}

pub(super) fn back(model: &mut Model, output: &mut UpdateOutput) {
    if let Some(depth) = model.stack().depth().checked_sub(1) {
        leave_to(model, depth, output);
    }
}

/// Shows a section, or the section's first screen if the section is already shown.
pub(super) fn go_to(model: &mut Model, section: Section, output: &mut UpdateOutput) {
    if model.section != section {
        model.section = section;
        load_screen(model, output);
    } else if model.stack().depth() > 0 {
        leave_to(model, 0, output);
    }
}

/// Ends the app. Asks first if work would be lost.
pub(super) fn quit(model: &mut Model) {
    let mut lines: Vec<_> = model.unsaved_changes().iter().map(|what| unsaved(what)).collect();
    if let Some(export) = &model.export {
        lines.push((Tone::Plain, format!("The export to {} is not complete.", export.path.display())));
    }
    if lines.is_empty() {
        model.quit = true;
    } else {
        ask(model, "Quit?", "quit", lines, Action::Quit);
    }
}

fn unsaved(what: &str) -> (Tone, String) {
    (Tone::Plain, format!("Changes of {what} are not saved."))
}

fn ask(model: &mut Model, title: &str, verb: &'static str, lines: Vec<(Tone, String)>, action: Action) {
    let question = Question::destructive(title.to_owned(), verb, lines, action);
    model.overlay = Some(Box::new(ConfirmDialog::new(question)));
}
