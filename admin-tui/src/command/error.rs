//! Errors of subcommands.

use doorward_shared::{
    ErrorCode,
    command_line::{Exit, error_as_json},
};

use crate::{
    api::{ApiError, ClientError, ExportError},
    connection::{Connection, ConnectionError},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The command failed or was refused.
    Failed(Failure),
    /// The server cannot be reached.
    Unreachable(String),
    /// A dry run found changes.
    WouldChange,
    /// The reader of standard output closed the pipe, as `head` does. This is not an error.
    OutputClosed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    exit: Exit,
    /// Error code that the server returned or would return; `None` for other errors.
    code: Option<ErrorCode>,
    /// HTTP status of the response; `None` if no response arrived.
    status: Option<u16>,
}

impl CommandError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Refused, None)
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Usage, None)
    }

    /// Creates an error with the code that a response of the server would have.
    pub(super) fn with_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(message, code.into(), Some(code))
    }

    fn new(message: impl Into<String>, exit: Exit, code: Option<ErrorCode>) -> Self {
        Self::Failed(Failure { message: message.into(), exit, code, status: None })
    }

    /// Returns the message; empty for [`Self::WouldChange`] and [`Self::OutputClosed`].
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Failed(failure) => &failure.message,
            Self::Unreachable(message) => message,
            Self::WouldChange | Self::OutputClosed => "",
        }
    }

    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(failure) => failure.exit.code(),
            Self::Unreachable(_) => Exit::Unavailable.code(),
            Self::WouldChange => Exit::WouldChange.code(),
            Self::OutputClosed => 0,
        }
    }

    /// Returns the error as a line of JSON.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Failed(Failure { message, code, status, .. }) => error_as_json(message, *code, *status),
            other => error_as_json(other.message(), None, None),
        }
    }

    pub(super) fn with_line(mut self, line: &str) -> Self {
        if let Self::Failed(Failure { message, .. }) | Self::Unreachable(message) = &mut self {
            message.push('\n');
            message.push_str(line);
        }
        self
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
        let (code, status, message) = (error.code(), error.status(), error.to_string());
        let exit = match &error {
            ApiError::Unreachable { .. } => return Self::Unreachable(message),
            other if other.is_transient() => Exit::Unavailable,
            _ => code.map_or(Exit::Refused, Exit::from),
        };
        Self::Failed(Failure { message, exit, code, status })
    }
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Exists(_) => Self::usage(format!("{error}; use --force to replace it")),
            ExportError::Api(error) => error.into(),
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
    use doorward_shared::ErrorBody;

    use super::*;
    use crate::connection::{Environment, Flags, resolve};

    #[test]
    fn start_hint_is_added_only_for_the_default_server() {
        let environment = Environment::from_pairs(&[("DOORWARD_ADMIN_TOKEN", "dwa_x")]);
        let unreachable = || CommandError::Unreachable("connection refused".to_owned());
        let connection = resolve(&Flags::default(), &environment).unwrap();
        assert!(unreachable().with_start_hint(&connection).message().contains("doorward quickstart"));
        let named = Flags { url: Some("https://a.example.com".to_owned()), ..Flags::default() };
        assert_eq!(unreachable().with_start_hint(&resolve(&named, &environment).unwrap()), unreachable());
    }

    #[test]
    fn errors_have_an_exit_code_by_kind() {
        let url = || "https://a.example.com".to_owned();
        let body = |code, status| ErrorBody { title: "no".to_owned(), details: String::new(), status, code };
        for (error, exit) in [
            (ApiError::Refused(body(ErrorCode::ConfigInvalid, 400)), 1),
            (ApiError::CertificateUnknown { url: url(), reason: String::new() }, 1),
            (ApiError::Unexpected { url: url(), status: Some(500), what: String::new() }, 1),
            (ApiError::Refused(body(ErrorCode::UserNotFound, 404)), 3),
            (ApiError::Unauthorized { url: url() }, 4),
            (ApiError::Forbidden(body(ErrorCode::Forbidden, 403)), 4),
            (ApiError::Refused(body(ErrorCode::RateLimited, 429)), 5),
            (ApiError::Unexpected { url: url(), status: Some(502), what: String::new() }, 5),
            (ApiError::TimedOut { url: url() }, 5),
            (ApiError::Unreachable { url: url(), reason: String::new() }, 5),
        ] {
            assert_eq!(CommandError::from(error.clone()).exit_code(), exit, "{error:?}");
        }
        assert_eq!((CommandError::usage("").exit_code(), CommandError::WouldChange.exit_code()), (2, 10));
    }
}
