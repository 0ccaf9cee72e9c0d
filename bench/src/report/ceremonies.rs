//! Second-factor logins on a small installation, by number of clients.

use super::{
    Options, ReportError,
    installation::{Installation, Node},
    load::{self, Phase, Report},
    results::Results,
};

/// How many clients at a time.
pub(super) const CLIENTS: [u16; 4] = [1, 16, 64, 256];
/// The number of clients whose latency has a target,
const WATCHED: u16 = 64;
/// and that target, for the p99 of a finalize.
const FINALIZE_P99_MS: f64 = 25.0;
/// What a server may have in memory.
const MEMORY_MB: f64 = 200.0;

/// So many clients, without a pause.
pub(super) async fn of_clients(
    options: &Options,
    installation: &Installation,
    node: &Node,
    clients: u16,
) -> Result<Report, ReportError> {
    let (clients, seconds) = (clients.to_string(), options.duration().as_secs().to_string());
    let arguments = ["--clients", &clients, "--duration", &seconds, "--warm-up", "1"];
    load::run(options, installation, node, &arguments).await
}

/// What stands over the rows.
pub(super) fn heading(results: &Results) {
    results.tell("                 ceremonies   initialize, ms             finalize, ms               server CPU  cores taken by");
    results.tell("          clients  a second     p50     p95     p99         p50     p95     p99  µs a ceremony  server generator    MB");
}

/// A row, and the targets it has; how far one row is from another is not judged here.
pub(super) fn row(name: &str, clients: u16, phase: &Phase, results: &mut Results) -> Result<(), ReportError> {
    let [initialize, finalize] = phase.requests()?;
    let ((server, generator), (memory, _)) = (phase.busy(), phase.memory());
    results.tell(format_args!(
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

/// The latency of a finalize, for those numbers of clients that have a target.
pub(super) fn judge_latency(name: &str, clients: u16, phase: &Phase, results: &mut Results) -> Result<(), ReportError> {
    if clients == WATCHED {
        let [_, finalize] = phase.requests()?;
        let line = format!(
            "{name}: p99 of finalize with {clients} clients {:.2} ms (under {FINALIZE_P99_MS:.0})",
            finalize.p99_ms
        );
        results.judge(line, finalize.p99_ms < FINALIZE_P99_MS);
    }
    Ok(())
}

/// What the server has in memory, and had at most.
pub(super) fn judge_memory(name: &str, phase: &Phase, results: &mut Results) {
    let (now, most) = phase.memory();
    let line = format!("{name}: resident memory {now:.0} MB, at most {most:.0} MB (under {MEMORY_MB:.0})");
    results.judge(line, most > 0.0 && most < MEMORY_MB);
}

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    load::warm_up(options, &small, &node, results).await?;
    heading(results);
    let mut reports = Vec::new();
    for clients in CLIENTS {
        let report = of_clients(options, &small, &node, clients).await?;
        row("small", clients, report.quiet()?, results)?;
        reports.push((clients, report));
    }
    for (clients, report) in &reports {
        judge_latency("small", *clients, report.quiet()?, results)?;
        report.judge_answers(results);
    }
    if let Some((_, last)) = reports.last() {
        judge_memory("small", last.quiet()?, results);
    }
    node.end();
    Ok(())
}
