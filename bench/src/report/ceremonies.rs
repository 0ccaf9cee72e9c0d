//! Second-factor logins on a small installation, by number of clients.

use super::{
    Options, ReportError,
    installation::{Installation, Node},
    load::{self, Phase, Report},
    results::Results,
};

/// Numbers of concurrent clients.
pub(super) const CLIENTS: [u16; 4] = [1, 16, 64, 256];
/// Number of clients for which the latency has a target.
const JUDGED_CLIENTS: u16 = 64;
/// Target for the p99 of finalize, in milliseconds.
const FINALIZE_P99_MS: f64 = 25.0;
/// Target for the resident memory of the server, in MB.
const MEMORY_MB: f64 = 200.0;

/// Runs second-factor logins with a number of clients, each without a pause.
pub(super) async fn run(
    options: &Options,
    installation: &Installation,
    node: &Node,
    clients: u16,
) -> Result<Report, ReportError> {
    let (clients, seconds) = (clients.to_string(), options.duration().as_secs().to_string());
    let arguments = ["--clients", &clients, "--duration", &seconds, "--warm-up", "1"];
    load::run(options, installation, node, &arguments).await
}

/// Prints the table header.
pub(super) fn heading(results: &Results) {
    results.print(
        "                 ceremonies   initialize, ms             finalize, ms               server CPU  cores used by",
    );
    results.print("          clients       / s     p50     p95     p99         p50     p95     p99  µs / ceremony  server generator    MB");
}

/// Prints a table row.
pub(super) fn row(name: &str, clients: u16, phase: &Phase, results: &mut Results) -> Result<(), ReportError> {
    let [initialize, finalize] = phase.requests()?;
    let ((server, generator), (memory, _)) = (phase.busy(), phase.memory());
    results.print(format_args!(
        "{name:<9}{clients:>8}{:>10.0}{:>8.2}{:>8.2}{:>8.2}{:>12.2}{:>8.2}{:>8.2}{:>15.0}{:>8.2}{:>10.2}{memory:>6.0}",
        phase.ceremonies_per_second,
        initialize.p50_ms,
        initialize.p95_ms,
        initialize.p99_ms,
        finalize.p50_ms,
        finalize.p95_ms,
        finalize.p99_ms,
        phase.cost(),
        server / 100.0,
        generator / 100.0,
    ));
    Ok(())
}

/// Compares the latency of finalize with its target, if the number of clients has one.
pub(super) fn judge_latency(name: &str, clients: u16, phase: &Phase, results: &mut Results) -> Result<(), ReportError> {
    if clients == JUDGED_CLIENTS {
        let [_, finalize] = phase.requests()?;
        let line = format!(
            "{name}: p99 of finalize with {clients} clients {:.2} ms (target: under {FINALIZE_P99_MS:.0})",
            finalize.p99_ms
        );
        results.judge(line, finalize.p99_ms < FINALIZE_P99_MS);
    }
    Ok(())
}

/// Compares the peak memory of the server with its target.
pub(super) fn judge_memory(name: &str, phase: &Phase, results: &mut Results) {
    let (now, peak) = phase.memory();
    let line = format!("{name}: resident memory {now:.0} MB, peak {peak:.0} MB (target: under {MEMORY_MB:.0})");
    results.judge(line, peak > 0.0 && peak < MEMORY_MB);
}

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    load::warm_up(options, &small, &node, results).await?;
    heading(results);
    let mut reports = Vec::new();
    for clients in CLIENTS {
        let report = run(options, &small, &node, clients).await?;
        row("small", clients, report.first_phase()?, results)?;
        reports.push((clients, report));
    }
    for (clients, report) in &reports {
        judge_latency("small", *clients, report.first_phase()?, results)?;
        report.judge_responses(results);
    }
    if let Some((_, last)) = reports.last() {
        judge_memory("small", last.first_phase()?, results);
    }
    node.stop();
    Ok(())
}
