//! Confirmation of changes that cannot be undone.

use doorward_shared::command_line::{Confirmation, NotConfirmed};

use super::error::CommandError;
use crate::sanitize::sanitize;

/// Succeeds with `--yes`, or if the user enters `y`.
pub(super) fn confirm(confirmation: Confirmation, consequence: &str) -> Result<(), CommandError> {
    Ok(confirmation.ask(&sanitize(consequence))?)
}

/// Succeeds with `--yes`, or if the user enters the name.
pub(super) fn confirm_by_name(confirmation: Confirmation, consequence: &str, name: &str) -> Result<(), CommandError> {
    Ok(confirmation.ask_for_name(&sanitize(consequence), name, &sanitize(name))?)
}

impl From<NotConfirmed> for CommandError {
    fn from(error: NotConfirmed) -> Self {
        match error {
            NotConfirmed::FlagMissing(_) => Self::usage(error.to_string()),
            NotConfirmed::Declined | NotConfirmed::Io(_) => Self::failed(error.to_string()),
        }
    }
}
