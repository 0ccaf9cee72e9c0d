//! Load: concurrent ceremonies against any server that speaks the public API, and what they cost.
//!
//! [`options`] says what is asked; `account` has the users, registered or seeded; `ceremony` is one client, `wrong_key_flood`
//! one that sends wrong keys; [`run()`] starts them together and measures; [`report`] prints. All clients share one
//! thread: the generator is there to cost little.

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

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A URL that cannot be used.
    #[error("{url}: {reason}")]
    Url {
        /// Which URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// A server on another machine.
    #[error("{0} is not this machine: load is for servers of your own; if it is one, say --i-own-this-server")]
    Elsewhere(std::net::IpAddr),
    /// The seeded installation's file.
    #[error(transparent)]
    Seeded(#[from] crate::seed::SeedError),
    /// The users cannot be made ready.
    #[error("{0}")]
    Setup(String),
    /// A process cannot be read.
    #[error("process {pid}: {error}")]
    Process {
        /// Which.
        pid: u32,
        /// Why.
        error: std::io::Error,
    },
}
