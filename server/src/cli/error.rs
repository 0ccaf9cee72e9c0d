//! Error type of the commands.

use doorward_shared::{
    ErrorCode,
    command_line::{Exit, NotConfirmed, error_as_json},
    key_format::without_keys,
};

/// Error of a command, with its exit code.
#[derive(Debug)]
pub struct CliError {
    pub(super) message: String,
    pub(super) exit: Exit,
    /// Code of a refusal, the same as in responses of the admin API; `None` for other errors.
    pub(super) code: Option<ErrorCode>,
}

impl CliError {
    /// Creates an error that shows keys in the message only as hints: messages repeat arguments, and users may enter a
    /// key in place of a name or a path by mistake.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: without_keys(&message.into()).into_owned(), exit: Exit::Refused, code: None }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    /// Creates the error of a refusal; the code selects the exit code.
    pub(super) fn with_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { exit: code.into(), code: Some(code), ..Self::new(message) }
    }

    /// Creates the error that ends a dry run that found pending changes. This error has no message.
    pub(super) fn would_change() -> Self {
        Self { exit: Exit::WouldChange, ..Self::new("") }
    }

    /// Creates the error of a failed write to standard output.
    pub(super) fn output(error: &std::io::Error) -> Self {
        Self::new(format!("standard output: {error}"))
    }

    pub(super) fn to_json(&self) -> String {
        error_as_json(&self.message, self.code, None)
    }
}

impl From<NotConfirmed> for CliError {
    fn from(error: NotConfirmed) -> Self {
        match error {
            NotConfirmed::FlagMissing(_) => Self::usage(error.to_string()),
            NotConfirmed::Declined | NotConfirmed::Io(_) => Self::new(error.to_string()),
        }
    }
}
