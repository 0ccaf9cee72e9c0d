//! Error type of the commands.

/// Error of a command, with its exit code.
#[derive(Debug)]
pub struct CliError {
    pub(super) message: String,
    /// 2 for invalid arguments or settings, 1 for all other errors.
    pub(super) code: u8,
}

impl CliError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }
}
