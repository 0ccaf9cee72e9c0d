//! Confirmation of changes that cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use super::error::CommandError;
use crate::{args::Confirmation, sanitize::sanitize};

/// Succeeds with `--yes`, or if the user enters `y`.
pub(super) fn confirm(confirmation: Confirmation, consequence: &str) -> Result<(), CommandError> {
    ask(confirmation, consequence, "Continue? [y/N] ", |entered| {
        entered.eq_ignore_ascii_case("y") || entered.eq_ignore_ascii_case("yes")
    })
}

/// Succeeds with `--yes`, or if the user enters the name.
pub(super) fn confirm_by_name(confirmation: Confirmation, consequence: &str, name: &str) -> Result<(), CommandError> {
    let question = format!("Enter its name to continue ({}): ", sanitize(name));
    ask(confirmation, consequence, &question, |entered| entered == name.trim())
}

fn ask(
    confirmation: Confirmation,
    consequence: &str,
    question: &str,
    accepts: impl FnOnce(&str) -> bool,
) -> Result<(), CommandError> {
    if confirmation.yes {
        return Ok(());
    }
    let consequence = sanitize(consequence);
    if !io::stdin().is_terminal() {
        return Err(CommandError::usage(format!("{consequence} Add --yes to confirm.")));
    }
    let mut stderr = io::stderr().lock();
    let asked = writeln!(stderr, "{consequence}").and_then(|()| write!(stderr, "{question}"));
    let mut entered = String::new();
    asked
        .and_then(|()| stderr.flush())
        .and_then(|()| io::stdin().read_line(&mut entered))
        .map_err(|error| CommandError::failed(format!("cannot ask for confirmation: {error}")))?;
    if accepts(entered.trim()) { Ok(()) } else { Err(CommandError::failed("not confirmed: nothing was changed")) }
}
