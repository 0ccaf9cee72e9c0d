//! Load generator: runs concurrent ceremonies against any server with the public API and measures their cost.
//!
//! [`options`] is the command line; `account` prepares registered or seeded users; `ceremony` is one client and
//! `wrong_key_flood` one sender of wrong keys; [`run()`] runs them and measures; [`report`] prints the result. All clients
//! share one thread, so that the generator takes little CPU from the server.

mod account;
mod ceremony;
pub mod http;
pub mod options;
pub mod process;
pub mod report;
mod run;
pub mod signer;
pub mod stats;
mod wrong_key_flood;

pub use options::{Mode, Options};
pub use report::Report;
pub use run::run;

/// Errors that prevent a run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The URL is not usable.
    #[error("{url}: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server is on another machine.
    #[error("{0} is not an address of this machine; pass --i-own-this-server to load a remote server that you own")]
    Remote(std::net::IpAddr),
    /// The file of the seeded installation cannot be used.
    #[error(transparent)]
    Seeded(#[from] crate::seed::SeedError),
    /// The users cannot be prepared.
    #[error("{0}")]
    Setup(String),
    /// The statistics of a process cannot be read.
    #[error("process {pid}: {error}")]
    Process {
        /// The process id.
        pid: u32,
        /// The cause.
        error: std::io::Error,
    },
}
