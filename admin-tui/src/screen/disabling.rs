//! Disabled objects on screens: how lists mark them, and the questions before an object is disabled or enabled.

use std::borrow::Cow;

use doorward_shared::Timestamp;

use crate::{
    api::DisableTarget,
    request::BackendRequest,
    ui::{Binding, Cell, Command, Dialog, Key, Question, Tone, Undo, UpdateContext, bind, cell},
};

/// Returns the binding that disables an object or enables a disabled one.
pub(super) fn binding(keys: &'static [Key], command: Command, is_disabled: bool, disable: &'static str) -> Binding {
    if is_disabled { bind(keys, command, "enable", "enable it again") } else { bind(keys, command, "disable", disable) }
}

/// Returns the binding without its label while the object is enabled, because a full key bar has no room for it.
pub(super) fn unlabelled(binding: Binding, is_disabled: bool) -> Binding {
    if is_disabled { binding } else { Binding { label: "", ..binding } }
}

/// Returns the cell with the name of an object. The name of a disabled object follows the word `disabled`.
pub(super) fn name_cell<'a>(name: impl Into<Cow<'a, str>>, disabled_at: Option<Timestamp>) -> Cell<'a> {
    let name = name.into();
    match disabled_at {
        None => cell(name, Tone::Plain),
        Some(_) => cell(format!("disabled: {name}"), Tone::Warn),
    }
}

/// Returns the question before an object is disabled or, if it is disabled, enabled. `what` is the kind and the name of
/// the object. `consequences` are those of disabling.
pub(super) fn confirm(
    target: DisableTarget,
    what: &str,
    is_disabled: bool,
    consequences: Vec<(Tone, String)>,
) -> Question {
    if is_disabled {
        let lines = vec![(Tone::Plain, "Its requests are accepted again, from the next one on.".to_owned())];
        let undo = undo(target.clone(), true, format!("Disabled {what} again"));
        let call = BackendRequest::SetDisabled(target, false);
        let (title, done) = (format!("Enable {what}?"), format!("Enabled {what}"));
        let question = Question::destructive_request(title, "enable", lines, call, done);
        return Question { destructive: false, undo, ..question };
    }
    let mut lines = consequences;
    lines.push((Tone::Dim, "Nothing is deleted. The same key enables it again.".to_owned()));
    let undo = undo(target.clone(), false, format!("Enabled {what} again"));
    let call = BackendRequest::SetDisabled(target, true);
    let (title, done) = (format!("Disable {what}?"), format!("Disabled {what}"));
    Question { undo, ..Question::destructive_request(title, "disable", lines, call, done) }
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the question's field")]
fn undo(target: DisableTarget, disabled: bool, done: String) -> Option<Undo> {
    Some(Undo { call: Box::new(BackendRequest::SetDisabled(target, disabled)), done })
}

/// Asks once whether to disable all marked objects or, if all of them are disabled, to enable them. Each item of
/// `objects` contains the name, and whether the object is disabled.
pub(super) fn show_bulk(noun: &str, objects: Vec<(String, DisableTarget, bool)>, cx: &mut UpdateContext<'_>) {
    let disables = objects.iter().any(|(_, _, is_disabled)| !is_disabled);
    let (words, line) = match disables {
        true => (("disable", "Disabled"), "Their requests are refused, from the next one on. Nothing is deleted."),
        false => (("enable", "Enabled"), "Their requests are accepted again, from the next one on."),
    };
    let call = |target| BackendRequest::SetDisabled(target, disables);
    let calls = objects.into_iter().map(|(name, target, _)| (name, call(target))).collect();
    if let Some(question) = Question::bulk(words, noun, vec![(Tone::Plain, line.to_owned())], calls) {
        cx.show(Dialog::Confirm(Question { destructive: disables, ..question }));
    }
}
