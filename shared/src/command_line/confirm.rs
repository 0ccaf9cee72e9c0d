//! Confirmation of changes that cannot be undone.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

/// Flag of commands that ask for confirmation.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Reason why a change was not confirmed.
#[derive(Debug)]
pub enum NotConfirmed {
    /// Standard input is not a terminal, and `--yes` is missing. Contains the consequence of the change.
    FlagMissing(String),
    /// The user did not enter the requested confirmation.
    Declined,
    /// The question could not be printed, or the answer could not be read.
    Io(io::Error),
}

impl fmt::Display for NotConfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FlagMissing(consequence) => write!(f, "{consequence} Add --yes to confirm."),
            Self::Declined => f.write_str("not confirmed: nothing was changed"),
            Self::Io(error) => write!(f, "cannot ask for confirmation: {error}"),
        }
    }
}

impl std::error::Error for NotConfirmed {}

impl Confirmation {
    /// Prints `consequence` and succeeds if the user enters `y`. With `--yes`, succeeds without a question.
    /// `consequence` must be escaped for the terminal.
    ///
    /// # Errors
    /// Returns an error if the change is not confirmed.
    pub fn ask(self, consequence: &str) -> Result<(), NotConfirmed> {
        self.ask_for(consequence, "Continue? [y/N] ", |entered| {
            entered.eq_ignore_ascii_case("y") || entered.eq_ignore_ascii_case("yes")
        })
    }

    /// Prints `consequence` and succeeds if the user enters `name`. With `--yes`, succeeds without a question.
    /// `consequence` and `shown_name`, the name in the question, must be escaped for the terminal.
    ///
    /// # Errors
    /// Returns an error if the change is not confirmed.
    pub fn ask_for_name(self, consequence: &str, name: &str, shown_name: &str) -> Result<(), NotConfirmed> {
        let question = format!("Enter its name to continue ({shown_name}): ");
        self.ask_for(consequence, &question, |entered| entered == name.trim())
    }

    fn ask_for(
        self,
        consequence: &str,
        question: &str,
        accepts: impl FnOnce(&str) -> bool,
    ) -> Result<(), NotConfirmed> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(NotConfirmed::FlagMissing(consequence.to_owned()));
        }
        let mut stderr = io::stderr().lock();
        write!(stderr, "{consequence}\n{question}").and_then(|()| stderr.flush()).map_err(NotConfirmed::Io)?;
        let mut entered = String::new();
        io::stdin().read_line(&mut entered).map_err(NotConfirmed::Io)?;
        if accepts(entered.trim()) { Ok(()) } else { Err(NotConfirmed::Declined) }
    }
}
