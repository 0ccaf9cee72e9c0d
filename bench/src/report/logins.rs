//! Second-factor logins: runs the load generator on an installation, prints a table row for each run, and compares
//! latency and memory with their targets.

use super::{
    Options, ReportError,
    installation::{Installation, Node},
    results::Results,
};
use crate::load::{
    self, Report,
    report::{Endpoint, Measured},
};

/// Number of concurrent clients for which the latency has a target.
const JUDGED_CLIENTS: u16 = 64;
/// Target for the p99 of finalize, in milliseconds.
const FINALIZE_P99_MS: f64 = 15.0;
/// Target for the resident memory of the server, in MB.
const MEMORY_MB: f64 = 200.0;
/// Number of megabytes in a mebibyte.
const MB: f64 = 1.048_576;

/// Runs second-factor logins with further arguments of `doorward-load`.
pub(super) async fn run(installation: &Installation, node: &Node, arguments: &[&str]) -> Result<Report, ReportError> {
    let (pid, file) = (node.process.pid().to_string(), installation.seeded_file());
    let target = ["mfa", "--url", &node.process.public_url, "--pid", &pid, "--seeded", &file];
    let users = ["--users", "1000", "--tenants", "100"];
    let options = load::Options::from_arguments([&target[..], &users, arguments].concat());
    let options = options.map_err(|error| load::LoadError::Setup(error.to_string()))?;
    Ok(load::run(&options).await?)
}

/// Runs logins with a number of clients that do not pause between logins.
pub(super) async fn run_clients(
    options: &Options,
    installation: &Installation,
    node: &Node,
    clients: u16,
) -> Result<Report, ReportError> {
    let (clients, seconds) = (clients.to_string(), options.duration.to_string());
    run(installation, node, &["--clients", &clients, "--duration", &seconds, "--warm-up", "1"]).await
}

/// Fills the caches: every user logs in once.
pub(super) async fn warm_up(
    installation: &Installation,
    node: &Node,
    results: &mut Results,
) -> Result<(), ReportError> {
    let once = ["--clients", "16", "--ceremonies", "1000", "--duration", "120", "--warm-up", "0"];
    judge_responses(&run(installation, node, &once).await?, results);
    Ok(())
}

/// Returns the phase without wrong keys.
pub(super) fn first_phase(report: &Report) -> Result<&Measured, ReportError> {
    report.phases.first().ok_or_else(unmeasured)
}

/// CPU time of the server per ceremony, in microseconds.
pub(super) fn cost(phase: &Measured) -> f64 {
    phase.server_cost.map_or(0.0, |cost| cost.per_ceremony_us)
}

pub(super) fn print_heading(results: &Results) {
    results.print(
        "                   ceremonies   initialize, ms             finalize, ms               server CPU  cores used by",
    );
    results.print("            clients       / s     p50     p95     p99         p50     p95     p99  µs / ceremony  server generator    MB");
}

pub(super) fn print_row(name: &str, clients: u16, phase: &Measured, results: &Results) -> Result<(), ReportError> {
    let [initialize, finalize] = [endpoint(phase, "/initialize")?, endpoint(phase, "/finalize")?].map(|of| of.summary);
    let cores = |cost: Option<load::report::Cost>| cost.map_or(0.0, |cost| cost.busy_percent / 100.0);
    results.print(format_args!(
        "{name:<11}{clients:>8}{:>10.0}{:>8.2}{:>8.2}{:>8.2}{:>12.2}{:>8.2}{:>8.2}{:>15.0}{:>8.2}{:>10.2}{:>6.0}",
        phase.ceremonies_per_second,
        initialize.p50_ms,
        initialize.p95_ms,
        initialize.p99_ms,
        finalize.p50_ms,
        finalize.p95_ms,
        finalize.p99_ms,
        cost(phase),
        cores(phase.server_cost),
        cores(phase.generator_cost),
        phase.servers.first().map_or(0.0, |server| server.rss_mib * MB),
    ));
    Ok(())
}

/// Reports a missed target if any response was not as expected.
pub(super) fn judge_responses(report: &Report, results: &mut Results) {
    if !report.ok {
        results.print(report);
        results.judge("all responses as expected", false);
    }
}

/// Compares the p99 of finalize with its target if there is one for this number of clients.
pub(super) fn judge_latency(
    name: &str,
    clients: u16,
    phase: &Measured,
    results: &mut Results,
) -> Result<(), ReportError> {
    if clients == JUDGED_CLIENTS {
        let p99 = endpoint(phase, "/finalize")?.summary.p99_ms;
        let line =
            format!("{name}: p99 of finalize with {clients} clients {p99:.2} ms (target: under {FINALIZE_P99_MS:.0})");
        results.judge(line, p99 < FINALIZE_P99_MS);
    }
    Ok(())
}

/// Compares the peak memory of the server with its target.
pub(super) fn judge_memory(name: &str, phase: &Measured, results: &mut Results) {
    let peak = phase.servers.first().map_or(0.0, |server| server.peak_rss_mib * MB);
    let line = format!("{name}: peak resident memory {peak:.0} MB (target: under {MEMORY_MB:.0})");
    results.judge(line, peak > 0.0 && peak < MEMORY_MB);
}

fn endpoint<'a>(phase: &'a Measured, step: &str) -> Result<&'a Endpoint, ReportError> {
    phase.endpoints.iter().find(|endpoint| endpoint.name.ends_with(step)).ok_or_else(unmeasured)
}

fn unmeasured() -> ReportError {
    load::LoadError::Setup("no ceremony was completed within the measurement".to_owned()).into()
}
