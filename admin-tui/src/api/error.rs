//! Errors of the admin API client.

use std::{error::Error, io, time::Duration};

use doorward_shared::{ErrorBody, ErrorCode};
use url::Url;

/// Maximum time until a response is complete, and maximum pause in a stream.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Error of a request to the admin API. Messages may contain text from the server. `crate::sanitize` makes them safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server cannot be reached, or the connection ended before the response was complete.
    #[error("request to {url} failed: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("the certificate of {url} is not trusted: {reason}")]
    CertificateUnknown { url: String, reason: String },
    #[error("the server at {url} did not respond within {} s", RESPONSE_TIMEOUT.as_secs())]
    TimedOut { url: String },
    #[error("the server at {url} does not accept this admin token: it is wrong, expired or revoked")]
    Unauthorized { url: String },
    #[error("not allowed: {}", describe(.0))]
    Forbidden(ErrorBody),
    #[error("{}", describe(.0))]
    Refused(ErrorBody),
    /// The response does not come from the admin API, or it comes from an incompatible version.
    #[error("unexpected response from {url}: {what}")]
    Unexpected {
        url: String,
        /// The HTTP status, if a response arrived.
        status: Option<u16>,
        what: String,
    },
    #[error("the id {0:?} cannot be part of a URL: use the id that Doorward gave to the user")]
    InvalidPathSegment(String),
}

fn describe(body: &ErrorBody) -> String {
    match (body.code, body.details.as_str()) {
        (ErrorCode::RouteNotFound, _) => {
            "the server does not know this request: either its version is older than this program, or this is not the admin API".to_owned()
        }
        (ErrorCode::Unavailable, "") => "the server is overloaded or cannot reach its database: try again".to_owned(),
        (_, details) if details.is_empty() || details == body.title => body.title.clone(),
        (_, details) => format!("{}: {details}", body.title),
    }
}

impl ApiError {
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Forbidden(body) | Self::Refused(body) => Some(body.code),
            Self::Unauthorized { .. } => Some(ErrorCode::AdminTokenInvalid),
            _ => None,
        }
    }

    /// Returns the HTTP status, if a response arrived.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Forbidden(body) | Self::Refused(body) => Some(body.status),
            Self::Unauthorized { .. } => Some(401),
            Self::Unexpected { status, .. } => *status,
            _ => None,
        }
    }

    /// Creates the error for a tenant whose name has changed since the caller read it.
    pub(super) fn renamed(name: &str) -> Self {
        Self::Refused(ErrorBody {
            title: "tenant was changed".to_owned(),
            details: format!("its name is `{name}` now; check it and try again"),
            status: 412,
            code: ErrorCode::TenantChanged,
        })
    }

    /// Returns whether the error concerns the connection or the token, not only one request.
    pub fn concerns_connection(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::CertificateUnknown { .. }
            | Self::Unauthorized { .. } => true,
            Self::Unexpected { .. } => self.is_transient(),
            _ => false,
        }
    }

    /// Returns whether a retry may succeed, because the server is unreachable, starting or overloaded.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused(body) => {
                matches!(body.code, ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::RequestTimeout)
            }
            // A proxy returns these statuses while the server restarts.
            Self::Unexpected { status, .. } => matches!(status, Some(502..=504)),
            _ => false,
        }
    }

    pub(super) fn from_client(url: &Url, error: &reqwest::Error) -> Self {
        let address = without_credentials(url);
        if let Some(tls) = find_cause::<rustls::Error>(error) {
            return match tls {
                rustls::Error::InvalidCertificate(why) => {
                    Self::CertificateUnknown { url: address, reason: certificate(why) }
                }
                rustls::Error::InvalidMessage(_) => Self::Unreachable {
                    url: address,
                    reason: "it does not use TLS; try http:// instead of https://".to_owned(),
                },
                other => Self::Unreachable { url: address, reason: other.to_string() },
            };
        }
        if error.is_timeout() && !error.is_connect() {
            return Self::TimedOut { url: address };
        }
        let reason = match find_cause::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => {
                "connection refused: no server listens on this address".to_owned()
            }
            Some(io::ErrorKind::NotFound) if url.scheme() == "unix" => {
                "there is no such socket: no server listens on it".to_owned()
            }
            Some(io::ErrorKind::PermissionDenied) if url.scheme() == "unix" => {
                "this user may not use the socket: run the command as the user of the server".to_owned()
            }
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
                "the connection was closed".to_owned()
            }
            Some(io::ErrorKind::TimedOut) => "the connection attempt timed out".to_owned(),
            _ if error.is_timeout() => "the connection attempt timed out".to_owned(),
            _ => innermost(error),
        };
        Self::Unreachable { url: address, reason }
    }

    /// Creates an error for a response that does not follow the API.
    pub(super) fn unexpected(url: &Url, status: Option<u16>, what: impl Into<String>) -> Self {
        Self::Unexpected { url: without_credentials(url), status, what: what.into() }
    }
}

/// Formats a URL without user name, password and query.
pub(super) fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Both calls fail only for URLs that cannot contain credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.as_str().trim_end_matches('/').to_owned()
}

fn certificate(why: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match why {
        Why::UnknownIssuer => "it was not issued by a trusted authority (use --ca-file for a private one)".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has expired".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => "it is not valid for this host name".to_owned(),
        Why::Revoked => "it was revoked".to_owned(),
        other => other.to_string(),
    }
}

/// Iterates over an error and its causes. Includes the inner error of an [`io::Error`], which [`Error::source`] skips.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn find_cause<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Formats the last cause in the chain, because the last cause is the most specific.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_responses_become_messages() {
        let body = |code, title: &str, details: &str| ErrorBody {
            title: title.to_owned(),
            details: details.to_owned(),
            status: 400,
            code,
        };
        let refused = |code, title, details| ApiError::Refused(body(code, title, details)).to_string();
        assert_eq!(refused(ErrorCode::TenantNotFound, "tenant not found", ""), "tenant not found");
        assert_eq!(refused(ErrorCode::UserNotFound, "user not found", "user not found"), "user not found");
        assert_eq!(refused(ErrorCode::ConfigInvalid, "no", "origin"), "no: origin");
        assert!(refused(ErrorCode::RouteNotFound, "not found", "no such endpoint").contains("older"));
        let forbidden = ApiError::Forbidden(body(ErrorCode::Forbidden, "forbidden", "an auditor reads"));
        assert_eq!(forbidden.to_string(), "not allowed: forbidden: an auditor reads");
        assert!(!forbidden.is_transient());
        assert!(ApiError::Refused(body(ErrorCode::Unavailable, "", "")).is_transient());
    }

    #[test]
    fn urls_are_formatted_without_credentials() {
        let url = Url::parse("https://me:hunter2@admin.example.com/doorward/?token=x").unwrap();
        assert_eq!(without_credentials(&url), "https://admin.example.com/doorward");
    }
}
