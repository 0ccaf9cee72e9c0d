//! The figures of docs/performance.md that need whole servers: ceremonies by number of clients, the same on a large
//! installation, pages of its logs and lists, wrong keys. `.ci/figures` runs all of it.
//!
//! `installation` fills folders and starts servers on them; `load` runs `doorward-load` beside a server; `ceremonies`,
//! `large`, `pages` and `keys` are the sections; [`results`] prints each figure with its target and whether it was met.

mod ceremonies;
mod installation;
mod keys;
mod large;
mod load;
pub mod pages;
mod program;
pub mod results;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use crate::{load::LoadError, seed::SeedError};
use results::Results;

/// Which figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Second-factor logins on a small installation, by number of clients
    Ceremonies,
    /// A large installation: its start, and the same logins beside a small one, by turns
    Large,
    /// Pages of the large installation's logs and lists
    Pages,
    /// Valid logins while others send wrong keys
    Keys,
}

/// What `doorward-figures` is told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where installations are made; `large` in it stays, and is used again
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Where doorward, doorward-seed and doorward-load are; beside this program if not given
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
    /// The large installation's tenants
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub tenants: u64,
    /// The large installation's users
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub users: u64,
    /// The large installation's audit rows
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub audit_rows: u64,
    /// Seconds for each number of clients
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub duration: u64,
    /// Requests for each kind of page
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub requests: u32,
    /// Valid logins a second while wrong keys are sent
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
}

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A program did not do what it should.
    #[error("{program}: {reason}")]
    Program {
        /// Which.
        program: String,
        /// Why.
        reason: String,
    },
    /// A file or folder.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The seeded installation.
    #[error(transparent)]
    Seeded(#[from] SeedError),
    /// The server's address.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An answer that the measurement needs to go on.
    #[error("{path}: {reason}")]
    Answer {
        /// What was asked.
        path: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl Options {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.duration)
    }
}

/// Measures a section and prints it.
///
/// # Errors
/// [`ReportError`] when something could not be measured; a target that is missed is none.
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
