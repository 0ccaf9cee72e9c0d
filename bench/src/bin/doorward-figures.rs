//! `doorward-figures` measures the figures of docs/performance.md. `.ci/figures` runs all sections.

use std::process::ExitCode;

use clap::Parser;
use doorward_bench::report::{self, Options, ReportError, Section, results::Results};

/// Creates installations on this machine, measures them over loopback, and prints each figure with its target.
///
/// Exit codes: 0 if every target was met, 3 if a target was missed, 1 if a measurement failed.
#[derive(Parser)]
#[command(name = "doorward-figures", version, max_term_width = 100)]
struct Arguments {
    /// Group of figures to measure
    #[arg(value_enum)]
    section: Section,
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Arguments { section, options } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(measure(section, &options)) {
        Ok(None) => ExitCode::FAILURE,
        Ok(Some(Results { missed: 0, .. })) => ExitCode::SUCCESS,
        Ok(Some(_)) => ExitCode::from(3),
        Err(error) => failed(&error),
    }
}

/// Returns `None` after SIGTERM or SIGINT. The measurement is then dropped, which stops the processes that it started.
async fn measure(section: Section, options: &Options) -> Result<Option<Results>, ReportError> {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => return Err(ReportError::File("signals".to_owned(), error)),
    };
    tokio::select! {
        measured = report::run(section, options) => measured.map(Some),
        _ = terminate.recv() => Ok(None),
        _ = tokio::signal::ctrl_c() => Ok(None),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("doorward-figures: {error}");
    ExitCode::FAILURE
}
