//! `doorward-round-trips` counts the round trips between nodes and PostgreSQL.

use std::{
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
};

use clap::Parser;
use doorward_testkit::counting_proxy::{CountingProxy, address_of};

/// Runs a proxy that forwards connections to a PostgreSQL server and counts the round trips.
///
/// First prints the URL of the proxy. Then, for each line of standard input, prints the number of round trips since the
/// start. Round trips of connections that listen for notifications are not counted. Stops at the end of standard input.
#[derive(Parser)]
#[command(name = "doorward-round-trips", version, max_term_width = 100)]
struct Arguments {
    /// URL of the PostgreSQL server; the connections must not use TLS
    url: String,
}

fn main() -> ExitCode {
    let Arguments { url } = Arguments::parse();
    let proxy = CountingProxy::start(address_of(&url));
    match serve(&proxy, &url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("doorward-round-trips: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(proxy: &CountingProxy, url: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", proxy.url(url))?;
    output.flush()?;
    for line in io::stdin().lock().lines() {
        line?;
        writeln!(output, "{}", proxy.round_trips())?;
        output.flush()?;
    }
    Ok(())
}
