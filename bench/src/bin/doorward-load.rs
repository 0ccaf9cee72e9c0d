//! `doorward-load` runs concurrent ceremonies against a server and measures their cost.

use std::process::ExitCode;

use clap::Parser;
use doorward_bench::load::{self, Options};

/// Runs concurrent ceremonies with software authenticators against a server with Doorward's public API. Reports rate,
/// latencies, errors, and the CPU time and memory of the server processes.
///
/// Exit codes: 0 if all responses were as expected, 1 if a response was unexpected or a challenge yielded a second
/// token, 2 if the load could not start.
#[derive(Parser)]
#[command(name = "doorward-load", version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Arguments { options } = Arguments::parse();
    let failed = |error: &dyn std::fmt::Display| {
        eprintln!("doorward-load: {error}");
        ExitCode::from(2)
    };
    // A single thread leaves the other cores to the server and needs no synchronization.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let report = match runtime.block_on(load::run(&options)) {
        Ok(report) => report,
        Err(error) => return failed(&error),
    };
    if options.json {
        match serde_json::to_string_pretty(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => return failed(&error),
        }
    } else {
        print!("{report}");
    }
    if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
