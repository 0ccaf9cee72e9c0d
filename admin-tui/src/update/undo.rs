//! Reverts the last change, for a short time after it.

use super::navigation::{load_screen, notify, toast};
use crate::{
    api::ApiError,
    effect::{Effect, RequestId, RequestResult},
    model::{Model, PendingUndo, UndoOffer},
    ui::{Tone, Undo, UpdateOutput},
};

/// Time for which a change can be reverted, in milliseconds.
const OFFER_MS: i64 = 10_000;

/// Shows a notification with the offer to revert the change.
pub(super) fn offer(model: &mut Model, text: &str, undo: Undo) {
    withdraw(model);
    let until = model.now.plus_millis(OFFER_MS);
    let text = format!("{text}; press z to undo");
    notify(model, Tone::Good, text.clone(), until);
    model.undo = Some(UndoOffer { undo, until, text });
}

/// Withdraws the offer if one of the effects is another change: the offer concerns only the last one. The requests of
/// an earlier undo do not count as changes.
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
        send(model, undo, 0, None, output);
    }
}

/// Sends the first request of an undo. Returns whether there is one.
fn send(model: &mut Model, mut rest: Undo, failed: usize, error: Option<ApiError>, output: &mut UpdateOutput) -> bool {
    let Some(call) = rest.calls.pop_front() else { return false };
    let id = model.next_id();
    output.effects.push(Effect::Request(id, Box::new(call)));
    model.pending_undos.push(PendingUndo { id, rest, failed, error });
    true
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
    let PendingUndo { mut rest, mut failed, mut error, .. } = model.pending_undos.remove(at);
    if let Err(new) = response.result {
        failed += 1;
        if new.concerns_connection() {
            // The other requests would fail as well.
            failed += std::mem::take(&mut rest.calls).len();
        }
        error = Some(new);
    }
    let done = rest.done.clone();
    if send(model, rest, failed, error.clone(), output) {
        return None;
    }
    match (error, failed) {
        (None, _) => toast(model, Tone::Good, done),
        (Some(error), 1) => toast(model, Tone::Bad, format!("Not undone: {error}")),
        (Some(error), _) => toast(model, Tone::Bad, format!("{failed} changes not undone, the last one: {error}")),
    }
    load_screen(model, output);
    None
}

pub(super) fn tick(model: &mut Model) {
    model.undo.take_if(|offer| offer.until <= model.now);
}
