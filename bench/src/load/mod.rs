//! Load generator: runs concurrent ceremonies against any server with the public API and measures their cost.
//!
//! [`options`] parses the command line, and `account` prepares registered or seeded users. `ceremony` is a client, and
//! `wrong_key_flood` is a client that sends wrong keys. [`run()`] runs the clients and measures; [`report`] prints the
//! results. All clients share one thread, so that the generator takes little CPU time from the server.

mod account;
mod ceremony;
pub mod http;
pub mod options;
pub mod process;
pub mod report;
mod run;
pub mod stats;
mod wrong_key_flood;

pub use options::{Mode, Options};
pub use report::Report;
pub use run::run;

/// Errors that prevent a run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{url}: {reason}")]
    Url { url: String, reason: String },
    #[error("{0} is not an address of this machine; pass --i-own-this-server to load a remote server that you own")]
    Remote(std::net::IpAddr),
    #[error(transparent)]
    Seeded(#[from] crate::seed::SeedError),
    #[error("{0}")]
    Setup(String),
    #[error("process {pid}: {error}")]
    Process { pid: u32, error: std::io::Error },
}
