//! `doorward-round-trips` counts the round trips between nodes and PostgreSQL.

use std::{
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
};

use clap::Parser;
use doorward_testkit::counting_proxy::{CountingProxy, address_of};

/// Forwards connections to a PostgreSQL server and counts their round trips.
///
/// Prints the URL of the proxy, and then, for each line of its input, the number of round trips so far. Connections that
/// listen for changes are not counted. Ends at the end of its input.
#[derive(Parser)]
#[command(name = "doorward-round-trips", version, max_term_width = 100)]
struct Arguments {
    /// URL of the server, without TLS
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
