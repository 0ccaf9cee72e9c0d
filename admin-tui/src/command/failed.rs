//! Why a command failed, in words for whoever typed it.

use std::process::ExitCode;

use crate::{
    api::{ApiError, ExportError},
    connection::{Connection, ConnectionError},
};

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Refused or failed: exit code 1.
    Refused(String),
    /// No server answers: exit code 1.
    Away(String),
    /// Typed or set wrong: exit code 2.
    Usage(String),
    /// Whoever read standard output wants no more: no failure at all.
    Unread,
}

impl Failed {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// With advice for whoever did not say which server is meant.
    pub(super) fn advised(self, connection: &Connection) -> Self {
        match self {
            Self::Away(message) if connection.is_default() => Self::Away(format!(
                "{message}\nstart one with `doorward quickstart`, or name another with --url or --profile"
            )),
            other => other,
        }
    }

    /// Tells whoever typed the command, and the shell.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Refused(message) | Self::Away(message) => (message, 1),
            Self::Usage(message) => (message, 2),
            Self::Unread => return ExitCode::SUCCESS,
        };
        message.lines().for_each(super::note);
        ExitCode::from(code)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unreachable { .. } => Self::Away(error.to_string()),
            other => Self::new(other.to_string()),
        }
    }
}

impl From<ExportError> for Failed {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Exists(_) => Self::usage(format!("{error}; --force replaces it")),
            other => Self::new(other.to_string()),
        }
    }
}

impl From<ConnectionError> for Failed {
    fn from(error: ConnectionError) -> Self {
        Self::usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Environment, Flags, resolve};

    #[test]
    fn whoever_meant_no_server_in_particular_is_told_how_to_start_one() {
        let environment = Environment::of(&[("DOORWARD_ADMIN_TOKEN", "dwa_x")]);
        let away = || Failed::Away("no server answers".to_owned());
        let connection = resolve(&Flags::default(), &environment).unwrap();
        assert!(matches!(away().advised(&connection), Failed::Away(text) if text.contains("doorward quickstart")));
        let named = Flags { url: Some("https://a.example.com".to_owned()), ..Flags::default() };
        assert_eq!(away().advised(&resolve(&named, &environment).unwrap()), away());
    }
}
