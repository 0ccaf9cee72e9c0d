//! Second-factor logins on a small installation, by number of clients.

use super::{
    Options, ReportError,
    installation::Installation,
    logins::{
        first_phase, judge_latency, judge_memory, judge_responses, print_heading, print_row, run_clients, warm_up,
    },
    results::Results,
};

/// Numbers of concurrent clients.
pub(super) const CLIENTS: [u16; 4] = [1, 16, 64, 256];

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    warm_up(&small, &node, results).await?;
    print_heading(results);
    let mut reports = Vec::new();
    for clients in CLIENTS {
        let report = run_clients(options, &small, &node, clients).await?;
        print_row("small", clients, first_phase(&report)?, results)?;
        reports.push((clients, report));
    }
    for (clients, report) in &reports {
        judge_latency("small", *clients, first_phase(report)?, results)?;
        judge_responses(report, results);
    }
    if let Some((_, last)) = reports.last() {
        judge_memory("small", first_phase(last)?, results);
    }
    node.stop();
    Ok(())
}
