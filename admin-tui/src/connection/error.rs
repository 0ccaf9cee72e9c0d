//! Why there is no server to call, in words that say how to mend it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::api::InvalidToken;

/// Why there is no server to call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The address is none.
    #[error("{given_by}: {text:?} is {why}")]
    Url {
        /// What was given.
        text: String,
        /// Where.
        given_by: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address holds a name or password.
    #[error("{given_by}: an address holds no user and no password; the admin token comes from a file or variable")]
    Credentials {
        /// Where it was given.
        given_by: String,
    },
    /// The token would travel in clear.
    #[error(
        "{0}: over plain http, everybody on the way reads the admin token: use https, a tunnel \
         (ssh -L 8001:127.0.0.1:8001 host), or --allow-plain-http on a network that is yours alone"
    )]
    PlainHttp(String),
    /// The local server's token is not there.
    #[error(
        "no admin token: {} is not there. Start a server here (doorward quickstart), or name the token with \
         --token-file, DOORWARD_ADMIN_TOKEN or a profile",
        .0.display()
    )]
    NoLocalToken(PathBuf),
    /// No token for another machine's server.
    #[error("no admin token for {0}: name it with --token-file, DOORWARD_ADMIN_TOKEN or a profile")]
    NoToken(String),
    /// The token cannot be one.
    #[error("{given_by}: {why}")]
    Token {
        /// Where it came from.
        given_by: String,
        /// What is wrong with it.
        why: InvalidToken,
    },
    /// A file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        why: String,
    },
    /// The file of profiles does not say what it should.
    #[error("{}{}: {why}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Profiles {
        /// The file.
        path: PathBuf,
        /// Where in it.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
    /// There is no such profile.
    #[error("{given_by}: there is no profile {name:?} in {}; {known}", path.display())]
    UnknownProfile {
        /// The name.
        name: String,
        /// Who named it.
        given_by: String,
        /// Where profiles are.
        path: PathBuf,
        /// Those that are there.
        known: String,
    },
}

impl ConnectionError {
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.to_owned(), why: error.to_string() }
    }
}

/// Something that works, and should be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Others can read the token's file.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The token travels in clear, as its user allowed.
    PlainHttp(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers { path, mode } => {
                let path = path.display();
                write!(f, "other users can read {path} (mode {mode:04o}): chmod 600 {path}")
            }
            Self::PlainHttp(url) => write!(f, "{url}: the admin token travels in clear; everybody on the way reads it"),
        }
    }
}
