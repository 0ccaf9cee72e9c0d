//! Measures the figures of docs/performance.md that need complete servers: ceremonies by number of clients on a small
//! and on a large installation, pages of logs and lists, and wrong keys. `.ci/figures` runs all sections.
//!
//! `installation` seeds data folders and starts servers, and `logins` runs the load generator on them. The sections are
//! `ceremonies`, `large`, `pages` and `keys`. [`results`] prints each figure with its target.

mod ceremonies;
mod installation;
mod keys;
mod large;
mod logins;
pub mod pages;
pub mod results;

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use crate::{load::LoadError, seed::SeedError};
use results::Results;

/// A group of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Second-factor logins on a small installation, by number of clients
    Ceremonies,
    /// Start time of a large installation, and logins on it compared with a small one
    Large,
    /// Response times of pages of the large installation's logs and lists
    Pages,
    /// Valid logins while other clients send wrong keys
    Keys,
}

/// Command-line options of `doorward-figures`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Directory in which the program creates installations; its subdirectory `large` is kept and reused by later runs
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Database of the large installation: path or postgres:// URL [default: SQLite in its directory]
    #[arg(long, env = "DOORWARD_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Directory that contains the binary doorward [default: the directory of this program]
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
    /// Number of tenants of the large installation
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub tenants: u64,
    /// Number of users of the large installation
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000_000))]
    pub users: u64,
    /// Number of audit entries of the large installation
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub audit_rows: u64,
    /// Length of each measurement in seconds
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=600))]
    pub duration: u64,
    /// Number of requests for each kind of page in the section `pages`
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub requests: u32,
    /// Number of valid logins per second in the section `keys`
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
}

/// Errors that prevent a measurement.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A response that the measurement needs failed or is malformed.
    #[error("{path}: {reason}")]
    Response { path: String, reason: String },
}

/// Measures a group of figures and prints the results. A missed target is not an error.
pub async fn run(section: Section, options: &Options) -> Result<Results, ReportError> {
    let mut results = Results::default();
    match section {
        Section::Ceremonies => ceremonies::measure(options, &mut results).await?,
        Section::Large => large::measure(options, &mut results).await?,
        Section::Pages => pages::measure(options, &mut results).await?,
        Section::Keys => keys::measure(options, &mut results).await?,
    }
    Ok(results)
}
