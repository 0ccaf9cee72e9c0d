//! Asking before something that cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use super::Failed;
use crate::{args::Confirmation, escape::visible};

/// Goes on after `--yes`, or after a `y` at the terminal.
pub(super) fn confirm(confirmation: Confirmation, what: &str) -> Result<(), Failed> {
    ask(confirmation, what, "Go on? [y/N] ", |typed| {
        typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes")
    })
}

/// Goes on after `--yes`, or after the thing's name was typed at the terminal.
pub(super) fn confirm_by_name(confirmation: Confirmation, what: &str, name: &str) -> Result<(), Failed> {
    ask(confirmation, what, &format!("Type its name to go on ({}): ", visible(name)), |typed| typed == name.trim())
}

fn ask(
    confirmation: Confirmation,
    what: &str,
    question: &str,
    accepts: impl FnOnce(&str) -> bool,
) -> Result<(), Failed> {
    if confirmation.yes {
        return Ok(());
    }
    let what = visible(what);
    if !io::stdin().is_terminal() {
        return Err(Failed::usage(format!("{what} Add --yes if that is meant.")));
    }
    let mut err = io::stderr().lock();
    let asked = writeln!(err, "{what}").and_then(|()| write!(err, "{question}")).and_then(|()| err.flush());
    let mut typed = String::new();
    asked.and_then(|()| io::stdin().read_line(&mut typed)).map_err(|error| Failed::new(error.to_string()))?;
    if accepts(typed.trim()) { Ok(()) } else { Err(Failed::new("nothing was changed")) }
}
