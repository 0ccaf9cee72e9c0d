//! `doorward-figures`: the figures of docs/performance.md, each with its target. `.ci/figures` runs all of it.

use std::process::ExitCode;

use clap::Parser;
use doorward_bench::report::{self, Options, ReportError, Section, results::Results};

/// Measures installations that it makes itself, on loopback, and prints each figure with its target.
///
/// Exit code 0: measured, every target met. 3: measured, some targets missed. 1: something could not be measured.
#[derive(Parser)]
#[command(name = "doorward-figures", version, max_term_width = 100)]
struct Arguments {
    /// Which figures
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

/// `None` when told to end: what was started ends with the value that is dropped then.
async fn measure(section: Section, options: &Options) -> Result<Option<Results>, ReportError> {
    let mut told = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(told) => told,
        Err(error) => return Err(ReportError::Program { program: "signals".to_owned(), reason: error.to_string() }),
    };
    tokio::select! {
        measured = report::run(section, options) => measured.map(Some),
        _ = told.recv() => Ok(None),
        _ = tokio::signal::ctrl_c() => Ok(None),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("doorward-figures: {error}");
    ExitCode::FAILURE
}
