//! Errors and warnings about the server's address and token.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::api::InvalidToken;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    #[error("{given_by}: {text:?} is {reason}")]
    Url { text: String, given_by: String, reason: &'static str },
    /// The address contains a user name or password.
    #[error(
        "{given_by}: the address must not contain a user name or password; put the admin token in a file or variable"
    )]
    Credentials { given_by: String },
    #[error(
        "{0}: plain http sends the admin token unencrypted: use https, a tunnel (ssh -L 8001:127.0.0.1:8001 host), or \
         --allow-plain-http on a trusted network"
    )]
    PlainHttp(String),
    #[error(
        "no admin token: {} does not exist. Start a server in this folder (doorward quickstart), or set the token with \
         --token-file, DOORWARD_ADMIN_TOKEN or a profile",
        .0.display()
    )]
    NoLocalToken(PathBuf),
    #[error("no admin token for {0}: set it with --token-file, DOORWARD_ADMIN_TOKEN or a profile")]
    NoToken(String),
    #[error("{given_by}: {reason}")]
    Token { given_by: String, reason: InvalidToken },
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("{}{}: {reason}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Profiles { path: PathBuf, line: Option<usize>, reason: String },
    #[error("{given_by}: unknown profile {name:?} in {}; {known}", path.display())]
    UnknownProfile { name: String, given_by: String, path: PathBuf, known: String },
}

impl ConnectionError {
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    ReadableByOthers {
        path: PathBuf,
        mode: u32,
    },
    /// The token is sent unencrypted to this address, as the user allowed.
    PlainHttp(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadableByOthers { path, mode } => {
                let path = path.display();
                write!(f, "other users can read {path} (mode {mode:04o}): run chmod 600 {path}")
            }
            Self::PlainHttp(url) => write!(f, "{url}: plain http sends the admin token unencrypted"),
        }
    }
}
