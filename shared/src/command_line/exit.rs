//! Exit codes, and errors as JSON.

use serde::Serialize;

use crate::ErrorCode;

/// Defines the enum together with the list of its variants, so that no variant is missing from the list.
macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// Exit code of a command.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit {
            $($(#[$doc])* $name = $code,)+
        }

        impl Exit {
            /// All codes other than 0, in ascending order.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$name),+];
        }
    };
}

exits! {
    /// The request was refused, or the command failed for another reason.
    Refused = 1,
    /// The arguments or the settings are wrong.
    Usage = 2,
    /// The tenant, key, token, user or credential does not exist.
    NotFound = 3,
    /// The admin token is not valid, or its role does not allow the operation.
    Unauthorized = 4,
    /// The server or its database cannot be reached or is overloaded. A retry may succeed.
    Unavailable = 5,
    /// `--dry-run`: the command would change something.
    WouldChange = 10,
}

impl Exit {
    /// Returns the number for the operating system.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ErrorCode> for Exit {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::TenantNotFound
            | ErrorCode::UserNotFound
            | ErrorCode::CredentialNotFound
            | ErrorCode::SecretNotFound => Self::NotFound,
            ErrorCode::AdminTokenInvalid | ErrorCode::Forbidden => Self::Unauthorized,
            ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::RequestTimeout => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

/// An error as `--json` prints it.
#[derive(Serialize)]
struct JsonError<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ErrorCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// Returns an error as JSON: `{"message":…,"code":…,"status":…}`. `code` and `status` are those of the server's
/// response.
#[must_use]
pub fn error_json(message: &str, code: Option<ErrorCode>, status: Option<u16>) -> serde_json::Value {
    serde_json::json!(JsonError { message, code, status })
}

/// Returns the line that `--json` prints for an error: `{"error":{"message":…,"code":…,"status":…}}`.
#[must_use]
pub fn error_as_json(message: &str, code: Option<ErrorCode>, status: Option<u16>) -> String {
    serde_json::json!({ "error": JsonError { message, code, status } }).to_string()
}

/// Returns whether the arguments of this process contain `--json`. The arguments may be invalid.
#[must_use]
pub fn json_requested() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}

/// Returns the error of invalid arguments as JSON, if the arguments of this process contain `--json`. Returns `None`
/// for requests for help or for the version, which are not errors.
pub(super) fn usage_error_as_json(error: &clap::Error) -> Option<String> {
    let is_error = error.use_stderr();
    let message = error.to_string();
    let message = message.trim_end().trim_start_matches("error: ");
    (is_error && json_requested()).then(|| error_as_json(message, None, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_depend_on_the_error_code() {
        for (code, exit) in [
            (ErrorCode::ConfigInvalid, 1),
            (ErrorCode::RouteNotFound, 1),
            (ErrorCode::SecretNotFound, 3),
            (ErrorCode::Forbidden, 4),
            (ErrorCode::RateLimited, 5),
        ] {
            assert_eq!(Exit::from(code).code(), exit, "{code}");
        }
    }

    #[test]
    fn exit_codes_are_listed_in_ascending_order() {
        assert_eq!(Exit::ALL.map(Exit::code), [1, 2, 3, 4, 5, 10]);
    }

    #[test]
    fn error_as_json_leaves_out_absent_members() {
        assert_eq!(error_as_json("a\"b", None, None), r#"{"error":{"message":"a\"b"}}"#);
        let error = error_as_json("no", Some(ErrorCode::TenantNotFound), Some(404));
        assert_eq!(error, r#"{"error":{"code":"tenant_not_found","message":"no","status":404}}"#);
    }
}
