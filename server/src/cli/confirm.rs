//! Confirmation of changes that cannot be undone.

use std::io::{self, IsTerminal as _};

use super::{CliError, args::Confirmation, output};

/// Succeeds with `--yes`, or if the user enters `y`.
pub(super) fn confirm(confirmation: Confirmation, consequence: &str) -> Result<(), CliError> {
    ask(confirmation, consequence, "Enter y to continue:", |entered| {
        entered.eq_ignore_ascii_case("y") || entered.eq_ignore_ascii_case("yes")
    })
}

/// Succeeds with `--yes`, or if the user enters the name.
pub(super) fn confirm_by_name(confirmation: Confirmation, consequence: &str, name: &str) -> Result<(), CliError> {
    let question = format!("Enter its name to continue ({}):", output::cell(name));
    ask(confirmation, consequence, &question, |entered| entered == name.trim())
}

fn ask(
    confirmation: Confirmation,
    consequence: &str,
    question: &str,
    accepts: impl FnOnce(&str) -> bool,
) -> Result<(), CliError> {
    if confirmation.yes {
        return Ok(());
    }
    let consequence = output::cell(consequence);
    if !io::stdin().is_terminal() {
        return Err(CliError::usage(format!("{consequence} Add --yes to confirm.")));
    }
    output::message(&format!("{consequence}\n{question}"));
    let mut entered = String::new();
    io::stdin().read_line(&mut entered).map_err(|error| CliError::new(error.to_string()))?;
    if accepts(entered.trim()) { Ok(()) } else { Err(CliError::new("not confirmed: nothing was changed")) }
}
