//! Disabled objects on screens: how lists mark them, and the questions before an object is disabled or enabled.

use std::borrow::Cow;

use doorward_shared::{Timestamp, counted};

use crate::{
    api::DisableTarget,
    request::BackendRequest,
    ui::{Binding, Cell, Command, Dialog, Key, Question, Tone, UpdateContext, bind, cell},
};

/// Returns the binding that disables an object or enables a disabled one.
pub(super) fn binding(keys: &'static [Key], command: Command, is_disabled: bool, disable: &'static str) -> Binding {
    if is_disabled { bind(keys, command, "enable", "enable it again") } else { bind(keys, command, "disable", disable) }
}

/// Returns the binding without its label while the object is enabled, because a full key bar has no room for the label.
pub(super) fn unlabelled(binding: Binding, is_disabled: bool) -> Binding {
    if is_disabled { binding } else { Binding { label: "", ..binding } }
}

/// Returns the cell with the name of an object. In the cell of a disabled object, the name follows the word `disabled`.
pub(super) fn name_cell<'a>(name: impl Into<Cow<'a, str>>, disabled_at: Option<Timestamp>) -> Cell<'a> {
    let name = name.into();
    match disabled_at {
        None => cell(name, Tone::Plain),
        Some(_) => cell(format!("disabled: {name}"), Tone::Warn),
    }
}

/// Returns the binding that disables or enables the selected object or, if objects are marked, all marked objects.
/// `marked` says for each marked object whether it is disabled.
pub(super) fn list_binding(
    keys: &'static [Key],
    is_selected_disabled: bool,
    marked: &[bool],
    disable: &'static str,
) -> Binding {
    match (marked.is_empty(), marked.contains(&false)) {
        (true, _) => binding(keys, Command::ToggleDisabled, is_selected_disabled, disable),
        (false, true) => bind(keys, Command::ToggleDisabled, "disable all", "disable all marked rows"),
        (false, false) => bind(keys, Command::ToggleDisabled, "enable all", "enable all marked rows again"),
    }
}

/// Returns the question that is asked before an object is disabled or, if it is disabled, enabled. `what` is the kind
/// and the name of the object. `consequences` are the consequences of disabling.
pub(super) fn confirm(
    target: DisableTarget,
    what: &str,
    is_disabled: bool,
    consequences: Vec<(Tone, String)>,
) -> Question {
    let call = BackendRequest::SetDisabled(target, !is_disabled, None);
    let object = what.to_owned();
    if is_disabled {
        let lines = vec![(Tone::Plain, "Its requests are accepted again, from the next one on.".to_owned())];
        let (title, done) = (format!("Enable {what}?"), format!("Enabled {what}"));
        let question = Question::destructive_request(title, "enable", lines, call, done);
        return Question { object, destructive: false, undone: Some(format!("Disabled {what} again")), ..question };
    }
    let mut lines = consequences;
    lines.push((Tone::Dim, "Nothing is deleted. The same key enables it again.".to_owned()));
    let (title, done) = (format!("Disable {what}?"), format!("Disabled {what}"));
    let question = Question::destructive_request(title, "disable", lines, call, done);
    Question { object, undone: Some(format!("Enabled {what} again")), ..question }
}

/// Consequence of disabling objects that send requests.
pub(super) fn requests_refused() -> Vec<(Tone, String)> {
    vec![(Tone::Plain, "Their requests are refused, from the next one on.".to_owned())]
}

/// A marked object: text that identifies it in the dialog, target of the request, and `true` if it is disabled.
pub(super) type Marked = (String, DisableTarget, bool);

/// Asks once whether to disable all marked objects or, if all of them are disabled, to enable them. `consequences` are
/// the consequences of disabling.
pub(super) fn show_bulk(
    noun: &str,
    objects: Vec<Marked>,
    consequences: Vec<(Tone, String)>,
    cx: &mut UpdateContext<'_>,
) {
    let disables = objects.iter().any(|(_, _, is_disabled)| !is_disabled);
    let marked = objects.len();
    let changed = objects.into_iter().filter(|(_, _, is_disabled)| *is_disabled != disables);
    let call = |target| BackendRequest::SetDisabled(target, disables, None);
    let calls: Vec<_> = changed.map(|(name, target, _)| (name, call(target))).collect();
    let (words, again) =
        if disables { (("disable", "Disabled"), "Enabled") } else { (("enable", "Enabled"), "Disabled") };
    let mut lines = if disables {
        consequences
    } else {
        vec![(Tone::Plain, "They are accepted again, from the next request on.".to_owned())]
    };
    if disables {
        lines.push((Tone::Dim, "Nothing is deleted. The same key enables them again.".to_owned()));
    }
    match marked - calls.len() {
        0 => {}
        1 => lines.push((Tone::Dim, format!("Of the {marked} marked, 1 is already disabled. It does not change."))),
        same => {
            lines.push((Tone::Dim, format!("Of the {marked} marked, {same} are already disabled. They do not change.")))
        }
    }
    let undone = format!("{again} {} again", counted(calls.len(), noun));
    if let Some(question) = Question::bulk(words, noun, lines, calls) {
        cx.show(Dialog::Confirm(Question { destructive: disables, undone: Some(undone), ..question }));
    }
}
