//! Parts of the command line that both binaries share: exit codes, errors as JSON, shell completions, man pages and
//! flags.

mod confirm;
mod exit;
mod generate;
mod lost_output;
mod policy;
mod usage;

pub use confirm::{Confirmation, NotConfirmed};
pub use exit::{Exit, error_as_json, error_json, json_requested};
pub use generate::{CompletionsArgs, ManArgs, completions, man_page, write_man_pages};
pub use lost_output::refuse_lost_secret;
pub use policy::PolicyArgs;
pub use usage::parse_arguments;

use crate::admin::Role;

/// Parses a display name and removes the spaces around it.
///
/// # Errors
/// Returns an error if the name is empty or has more than 128 characters.
pub fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if (1..=128).contains(&name.chars().count()) { Ok(name.to_owned()) } else { Err("must have 1 to 128 characters") }
}

/// Parses the role of an admin token.
///
/// # Errors
/// Returns an error if the text is not a role.
pub fn role(text: &str) -> Result<Role, &'static str> {
    text.parse().map_err(|_| "must be admin, auditor or metrics")
}
