//! `doorward-load`: concurrent ceremonies against a server of your own, and what they cost.

use std::process::ExitCode;

use clap::Parser;
use doorward_bench::load::{self, Options};

/// Runs concurrent ceremonies with software authenticators against a server that speaks Doorward's public API, and tells
/// rate, latencies, errors, and what the server's processes cost.
///
/// Exit code 0: everything was answered as it should. 1: something was not, or a challenge gave a second token.
/// 2: the run could not begin.
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
    // One thread: it leaves the other cores to the server, and nothing has to be shared between threads.
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
