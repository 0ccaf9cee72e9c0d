//! A row of the palette.

use crate::ui::{Command, Route};

/// What happens when the user chooses an item of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Run(Command),
    Switch(String),
    Open(Route),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Kind of the item, or the key of a command.
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) detail: String,
    pub(super) target: Target,
}
