//! Reverts the last change, for a short time after it.

use super::navigation::{load_screen, notify, toast};
use crate::{
    effect::{Effect, RequestResult},
    model::{Model, UndoOffer},
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

/// Withdraws the offer if one of the effects is another change: the offer concerns only the last one.
pub(super) fn withdraw_before_change(model: &mut Model, effects: &[Effect]) {
    if effects.iter().any(|effect| matches!(effect, Effect::Request(_, call) if call.is_change())) {
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
        let id = model.next_id();
        output.effects.push(Effect::Request(id, undo.call));
        model.undo_request = Some((id, undo.done));
    }
}

/// Handles the response to the request that reverts a change. Returns other responses.
pub(super) fn handle_response(
    model: &mut Model,
    response: RequestResult,
    output: &mut UpdateOutput,
) -> Option<RequestResult> {
    let Some((_, done)) = model.undo_request.take_if(|(id, _)| *id == response.id) else { return Some(response) };
    match response.result {
        Ok(_) => toast(model, Tone::Good, done),
        Err(error) => toast(model, Tone::Bad, format!("Not undone: {error}")),
    }
    load_screen(model, output);
    None
}

pub(super) fn tick(model: &mut Model) {
    model.undo.take_if(|offer| offer.until <= model.now);
}
