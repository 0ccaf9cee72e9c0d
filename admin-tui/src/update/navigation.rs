//! Moves between sections and screens, and shows notifications.

use doorward_shared::Timestamp;

use crate::{
    effect::Effect,
    model::{Model, Options, Toast},
    overlay::{confirm::ConfirmDialog, context_list::ContextList},
    ui::{Action, Page, Question, Section, Tone, UpdateOutput},
};

const MAX_TOASTS: usize = 4;
/// Time for which a notification is visible, in milliseconds.
const TOAST_MS: i64 = 5_000;

pub(super) fn toast(model: &mut Model, tone: Tone, text: impl Into<String>) {
    notify(model, tone, text.into(), model.now.plus_millis(TOAST_MS));
}

/// Shows a notification until the given time.
pub(super) fn notify(model: &mut Model, tone: Tone, text: String, until: Timestamp) {
    model.toasts.push(Toast { text, tone, until });
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

/// Closes the screens above a depth. If one of them has unsaved changes, asks for confirmation first.
pub(super) fn leave_to(model: &mut Model, depth: usize, output: &mut UpdateOutput) {
    let lost: Vec<String> = model.stack().all().skip(depth + 1).filter_map(Page::unsaved_changes).collect();
    if lost.is_empty() {
        return_to(model, depth, output);
    } else {
        ask(model, "Leave without saving?", "leave", lost, Action::Leave(depth));
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

/// Ends the app. If work would be lost, asks for confirmation first.
pub(super) fn quit(model: &mut Model) {
    let lost = unfinished_work(model);
    if lost.is_empty() {
        model.quit = true;
    } else {
        ask(model, "Quit?", "quit", lost, Action::Quit);
    }
}

pub(super) fn show_contexts(model: &mut Model) {
    let Options { contexts, profile, .. } = &model.options;
    let current = profile.as_ref().map(|profile| profile.name.clone());
    model.question = Some(Box::new(ContextList::new(contexts.clone(), current)));
}

/// Switches to the server of a profile. If work would be lost, asks for confirmation first.
pub(super) fn switch_server(model: &mut Model, profile: String, output: &mut UpdateOutput) {
    let lost = unfinished_work(model);
    if lost.is_empty() {
        output.effects.push(Effect::Connect(profile));
    } else {
        ask(model, &format!("Switch to {profile}?"), "switch", lost, Action::Connect(profile));
    }
}

/// Describes the unsaved changes, the export in progress, and the changes that are still being undone.
fn unfinished_work(model: &Model) -> Vec<String> {
    let export = model.export.iter().map(|export| format!("The export to {} is not complete.", export.path.display()));
    let undos: usize = model.pending_undos.iter().map(|pending| 1 + pending.rest.calls.len()).sum();
    let undo = match undos {
        0 => None,
        1 => Some("1 change is not undone yet.".to_owned()),
        undos => Some(format!("{undos} changes are not undone yet.")),
    };
    model.unsaved_changes().into_iter().chain(export).chain(undo).collect()
}

fn ask(model: &mut Model, title: &str, verb: &'static str, lost: Vec<String>, action: Action) {
    let lines = lost.into_iter().map(|line| (Tone::Plain, line)).collect();
    let question = Question::destructive(title.to_owned(), verb, lines, action);
    model.question = Some(Box::new(ConfirmDialog::new(question)));
}
