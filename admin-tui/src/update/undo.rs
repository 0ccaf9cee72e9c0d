//! Lets the user revert the last change for a short time.

use doorward_shared::{ErrorCode, counted};

use super::navigation::{load_screen, notify, toast};
use crate::{
    effect::{Effect, RequestId, RequestResult},
    model::{Model, PendingUndo, UndoOffer},
    ui::{Tone, Undo, UpdateOutput},
};

/// Time for which a change can be reverted, in milliseconds.
const OFFER_MS: i64 = 10_000;
/// Maximum number of objects that a notification names.
const MAX_NAMES: usize = 3;

/// Shows a notification with the offer to revert the change.
pub(super) fn offer(model: &mut Model, text: &str, undo: Undo) {
    withdraw(model);
    let until = model.now.plus_millis(OFFER_MS);
    let text = format!("{text}; press z to undo");
    notify(model, Tone::Good, text.clone(), until);
    model.undo = Some(UndoOffer { undo, until, text });
}

/// Withdraws the offer if one of the effects is another change, because only the last change can be undone. The
/// requests of an earlier undo do not count as changes.
pub(super) fn withdraw_before_change(model: &mut Model, effects: &[Effect]) {
    let undoes = |id: &RequestId| model.pending_undos.iter().any(|pending| pending.id == *id);
    let is_change = |effect: &Effect| matches!(effect, Effect::Request(id, call) if call.is_change() && !undoes(id));
    if effects.iter().any(is_change) {
        withdraw(model);
    }
}

/// Withdraws the offer and its notification.
fn withdraw(model: &mut Model) -> Option<Undo> {
    let UndoOffer { undo, text, .. } = model.undo.take()?;
    model.toasts.retain(|toast| toast.text != text);
    Some(undo)
}

pub(super) fn perform(model: &mut Model, output: &mut UpdateOutput) {
    if let Some(undo) = withdraw(model) {
        send(model, PendingUndo::new(undo), output);
    }
}

/// Sends the next request of an undo. If no request is left, returns the undo.
fn send(model: &mut Model, mut undo: PendingUndo, output: &mut UpdateOutput) -> Option<PendingUndo> {
    let Some((name, call)) = undo.rest.calls.pop_front() else { return Some(undo) };
    let id = model.next_id();
    output.effects.push(Effect::Request(id, Box::new(call)));
    model.pending_undos.push(PendingUndo { id, name, ..undo });
    None
}

/// Handles the response to a request that reverts a change. Returns other responses.
pub(super) fn handle_response(
    model: &mut Model,
    response: RequestResult,
    output: &mut UpdateOutput,
) -> Option<RequestResult> {
    let Some(at) = model.pending_undos.iter().position(|pending| pending.id == response.id) else {
        return Some(response);
    };
    let mut undo = model.pending_undos.remove(at);
    match response.result {
        Ok(_) => undo.completed += 1,
        Err(error) if error.code() == Some(ErrorCode::StateChanged) => {
            undo.left_alone.push(std::mem::take(&mut undo.name));
        }
        Err(error) => {
            undo.failed += 1;
            if error.concerns_connection() {
                // The remaining requests would fail as well.
                undo.failed += std::mem::take(&mut undo.rest.calls).len();
            }
            undo.error = Some(error);
        }
    }
    if let Some(undo) = send(model, undo, output) {
        report(model, &undo);
        load_screen(model, output);
    }
    None
}

/// Shows what an undo reverted, what it did not revert, and why.
fn report(model: &mut Model, undo: &PendingUndo) {
    let total = undo.completed + undo.failed + undo.left_alone.len();
    match (&undo.error, undo.failed) {
        (None, _) if undo.left_alone.is_empty() => toast(model, Tone::Good, undo.rest.done.clone()),
        (None, _) if undo.completed > 0 => {
            toast(model, Tone::Good, format!("Undid {} of {}", undo.completed, counted(total, "change")));
        }
        (None, _) => {}
        (Some(error), 1) => toast(model, Tone::Bad, format!("Not undone: {error}")),
        (Some(error), failed) => toast(model, Tone::Bad, format!("{failed} changes not undone, the last one: {error}")),
    }
    let (named, others) = undo.left_alone.split_at(undo.left_alone.len().min(MAX_NAMES));
    if named.is_empty() {
        return;
    }
    let others = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    toast(model, Tone::Warn, format!("Not undone, because others have changed it since: {}{others}", named.join(", ")));
}

pub(super) fn tick(model: &mut Model) {
    model.undo.take_if(|offer| offer.until <= model.now);
}
