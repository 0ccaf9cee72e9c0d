//! Errors of subcommands.

use crate::{
    api::{ApiError, ClientError, ExportError},
    connection::{Connection, ConnectionError},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The operation failed or was refused: exit code 1.
    Failed(String),
    /// The server cannot be reached: exit code 1.
    Unreachable(String),
    /// Wrong usage or settings: exit code 2.
    Usage(String),
    /// The reader of standard output closed the pipe, as `head` does: exit code 0.
    OutputClosed,
}

impl CommandError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Returns the message; empty for [`Self::OutputClosed`].
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Failed(message) | Self::Unreachable(message) | Self::Usage(message) => message,
            Self::OutputClosed => "",
        }
    }

    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Unreachable(_) => 1,
            Self::Usage(_) => 2,
            Self::OutputClosed => 0,
        }
    }

    pub(super) fn with_line(self, line: &str) -> Self {
        match self {
            Self::Failed(message) => Self::Failed(format!("{message}\n{line}")),
            Self::Unreachable(message) => Self::Unreachable(format!("{message}\n{line}")),
            Self::Usage(message) => Self::Usage(format!("{message}\n{line}")),
            Self::OutputClosed => Self::OutputClosed,
        }
    }

    /// If the default server cannot be reached, adds a hint that explains how to start or select a server.
    pub(super) fn with_start_hint(self, connection: &Connection) -> Self {
        if matches!(self, Self::Unreachable(_)) && connection.is_default() {
            self.with_line("start a server with `doorward quickstart`, or select another one with --url or --profile")
        } else {
            self
        }
    }
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unreachable { .. } => Self::Unreachable(error.to_string()),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Exists(_) => Self::usage(format!("{error}; use --force to replace it")),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<ConnectionError> for CommandError {
    fn from(error: ConnectionError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Environment, Flags, resolve};

    #[test]
    fn start_hint_is_added_for_the_default_server_only() {
        let environment = Environment::from_pairs(&[("DOORWARD_ADMIN_TOKEN", "dwa_x")]);
        let unreachable = || CommandError::Unreachable("connection refused".to_owned());
        let connection = resolve(&Flags::default(), &environment).unwrap();
        assert!(unreachable().with_start_hint(&connection).message().contains("doorward quickstart"));
        let named = Flags { url: Some("https://a.example.com".to_owned()), ..Flags::default() };
        assert_eq!(unreachable().with_start_hint(&resolve(&named, &environment).unwrap()), unreachable());
    }
}
