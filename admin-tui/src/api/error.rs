//! Why a call failed, in words for people.

use std::{error::Error, io};

use doorward_shared::{ErrorBody, ErrorCode};
use url::Url;

/// Why a call of the admin API failed.
///
/// Messages may quote what the server answered: whoever shows them escapes them (`crate::escape`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it ended before the answer did.
    #[error("no server answers at {url}: {reason}")]
    Unreachable {
        /// The server.
        url: String,
        /// What stood in the way.
        reason: String,
    },
    /// The server did not prove who it is.
    #[error("the certificate of {url} is not trusted: {reason}")]
    CertificateUnknown {
        /// The server.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer took too long.
    #[error("the server at {url} took longer than {} s to answer", super::ANSWER_TIMEOUT.as_secs())]
    TimedOut {
        /// The server.
        url: String,
    },
    /// The token is unknown, wrong, expired or revoked.
    #[error("the server at {url} does not accept this admin token: it is wrong, expired or revoked")]
    Unauthorized {
        /// The server.
        url: String,
    },
    /// The token's role does not allow it.
    #[error("not allowed: {}", words(.0))]
    Forbidden(ErrorBody),
    /// The server refused, and said why.
    #[error("{}", words(.0))]
    Refused(ErrorBody),
    /// Something else answers there, or another version.
    #[error("unexpected answer from {url}: {what}")]
    Unexpected {
        /// The server.
        url: String,
        /// The HTTP status, once there was one.
        status: Option<u16>,
        /// What was unexpected.
        what: String,
    },
    /// The id cannot be written in an address.
    #[error("{0:?} cannot be written in an address: use Doorward's own id of the user")]
    Unaddressable(String),
}

fn words(body: &ErrorBody) -> String {
    match (body.code, body.details.as_str()) {
        (ErrorCode::RouteNotFound, _) => {
            "the server does not know this request: its version is older, or this is not the admin API".to_owned()
        }
        (ErrorCode::Unavailable, "") => "the server is overloaded, or its database is away: try again".to_owned(),
        (_, details) if details.is_empty() || details == body.title => body.title.clone(),
        (_, details) => format!("{}: {details}", body.title),
    }
}

impl ApiError {
    /// The machine-readable reason, when the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Forbidden(body) | Self::Refused(body) => Some(body.code),
            Self::Unauthorized { .. } => Some(ErrorCode::AdminTokenInvalid),
            _ => None,
        }
    }

    /// Whether the same call may well succeed later: the server is away, starting, or has too much to do.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused(body) => {
                matches!(body.code, ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::RequestTimeout)
            }
            // What a proxy says of a server that is restarting.
            Self::Unexpected { status, .. } => matches!(status, Some(502..=504)),
            _ => false,
        }
    }

    /// What the HTTP client says, in our words.
    pub(super) fn from_client(url: &Url, error: &reqwest::Error) -> Self {
        let address = shown(url);
        if let Some(tls) = find_tls(error) {
            return match tls {
                rustls::Error::InvalidCertificate(why) => {
                    Self::CertificateUnknown { url: address, reason: certificate(why) }
                }
                rustls::Error::InvalidMessage(_) => {
                    Self::Unreachable { url: address, reason: "it does not speak TLS; is it http://?".to_owned() }
                }
                other => Self::Unreachable { url: address, reason: other.to_string() },
            };
        }
        if error.is_timeout() && !error.is_connect() {
            return Self::TimedOut { url: address };
        }
        let reason = match find_io(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "nothing listens there (connection refused)".to_owned(),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
                "the connection was cut".to_owned()
            }
            Some(io::ErrorKind::TimedOut) => "no connection in time".to_owned(),
            _ if error.is_timeout() => "no connection in time".to_owned(),
            _ => innermost(error),
        };
        Self::Unreachable { url: address, reason }
    }

    /// An answer that is not what the API says.
    pub(super) fn unexpected(url: &Url, status: Option<u16>, what: impl Into<String>) -> Self {
        Self::Unexpected { url: shown(url), status, what: what.into() }
    }
}

/// An address without whatever somebody may have put into it besides host and path.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail for addresses that cannot have them, and then there is nothing to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.as_str().trim_end_matches('/').to_owned()
}

fn certificate(why: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match why {
        Why::UnknownIssuer => "no trusted authority issued it (a private one is named with --ca-file)".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has expired".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => "it was issued for another name".to_owned(),
        Why::Revoked => "it was revoked".to_owned(),
        other => other.to_string(),
    }
}

/// The chain of causes. An [`io::Error`] does not answer the error it wraps as its source, so both are followed.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn find_tls(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn find_io(error: &reqwest::Error) -> Option<&io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The last cause in the chain: what really happened.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_well() {
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
        assert!(!forbidden.is_passing());
        assert!(ApiError::Refused(body(ErrorCode::Unavailable, "", "")).is_passing());
    }

    #[test]
    fn an_address_is_shown_without_credentials() {
        let url = Url::parse("https://me:hunter2@admin.example.com/doorward/?token=x").unwrap();
        assert_eq!(shown(&url), "https://admin.example.com/doorward");
    }
}
