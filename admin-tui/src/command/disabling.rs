//! `disable` and `enable` of tenants, API keys, users and credentials.

use doorward_shared::Timestamp;

use super::{context::CommandContext, error::CommandError};
use crate::api::DisableTarget;

/// The state that a command sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Disabled,
    Enabled,
}

/// Sets the state of an object, unless the object already has this state, and prints the result. `what` is the kind and
/// the name of the object.
pub(super) async fn set(
    context: &CommandContext,
    target: DisableTarget,
    what: &str,
    disabled_at: Option<Timestamp>,
    state: State,
) -> Result<(), CommandError> {
    let disable = state == State::Disabled;
    let word = if disable { "disabled" } else { "enabled" };
    if disabled_at.is_some() == disable {
        return context.output.unchanged(&format!("{what} is already {word}"));
    }
    if context.api.set_disabled(&target, disable, None).await?.is_none() {
        return context.output.unchanged(&format!("{what} is already {word}"));
    }
    context.output.done(&format!("{word} {what}"))
}

/// Returns the state for the column `STATE` of tables.
pub(super) fn word(disabled_at: Option<Timestamp>) -> String {
    if disabled_at.is_some() { "disabled" } else { "enabled" }.to_owned()
}
