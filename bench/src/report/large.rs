//! A large installation: start-up time, and logins compared with a small installation.

use std::time::{Duration, Instant};

use super::{
    Options, ReportError,
    ceremonies::CLIENTS,
    installation::{Installation, Node},
    logins::{
        cost, first_phase, judge_latency, judge_memory, judge_responses, print_heading, print_row, run_clients, warm_up,
    },
    results::Results,
};
use crate::load::{
    Report,
    http::{Connection, Head},
    stats::Latencies,
};

/// Number of measured starts.
const STARTS: u64 = 5;
/// Target for the time from process start to a 200 response, in milliseconds. Every measured start must take less.
const START_MS: f64 = 1_000.0;
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Target for the CPU time per ceremony, relative to a small installation.
const MAX_RATIO: f64 = 1.15;
/// Number of measurements for each installation and each number of clients. The two installations alternate.
const TURNS: usize = 2;

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let large = Installation::large(options, results).await?;
    measure_starts(options, &large, results).await?;
    let small = Installation::small(options).await?;
    let (small_node, large_node) = (small.serve(options)?, large.serve(options)?);
    warm_up(&small, &small_node, results).await?;
    warm_up(&large, &large_node, results).await?;
    print_heading(results);
    let mut measured = Vec::new();
    for clients in CLIENTS {
        // The runs on the two installations alternate, so that other load on the machine affects both equally.
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            for (name, installation, node, reports) in
                [("small", &small, &small_node, &mut of_small), ("large", &large, &large_node, &mut of_large)]
            {
                let report = run_clients(options, installation, node, clients).await?;
                print_row(name, clients, first_phase(&report)?, results)?;
                reports.push(report);
            }
        }
        measured.push((clients, of_small, of_large));
    }
    for (clients, of_small, of_large) in &measured {
        let (small_us, large_us) = (mean_cost(of_small)?, mean_cost(of_large)?);
        let ratio = large_us / small_us.max(f64::MIN_POSITIVE);
        results.judge(
            format_args!(
                "{clients} clients: {large_us:.0} µs CPU per ceremony, small {small_us:.0} µs: ratio {ratio:.2} (target: at most {MAX_RATIO:.2})"
            ),
            small_us > 0.0 && ratio <= MAX_RATIO,
        );
        for report in of_large {
            judge_latency("large", *clients, first_phase(report)?, results)?;
        }
        of_small.iter().chain(of_large).for_each(|report| judge_responses(report, results));
    }
    if let Some(last) = measured.last().and_then(|(_, _, of_large)| of_large.last()) {
        judge_memory("large", first_phase(last)?, results);
    }
    small_node.stop();
    large_node.stop();
    Ok(())
}

fn mean_cost(reports: &[Report]) -> Result<f64, ReportError> {
    let costs =
        reports.iter().map(|report| Ok(cost(first_phase(report)?))).collect::<Result<Vec<f64>, ReportError>>()?;
    Ok(crate::load::stats::ratio(costs.iter().sum(), costs.len() as u64))
}

/// Measures the time from process start to the first responses.
async fn measure_starts(options: &Options, large: &Installation, results: &mut Results) -> Result<(), ReportError> {
    let (mut ready, mut first) = (Latencies::default(), Latencies::default());
    for number in 0..STARTS {
        let node = large.serve(options)?;
        let plan = &large.seeded.plan;
        // Each start uses a different tenant, so that the operating system has not cached the tenant's rows.
        let tenant = number * plan.tenants / STARTS;
        let (id, key) = (plan.tenant_id(tenant), large.seeded.api_key(tenant));
        let login = Head::post(&node.public, &format!("/{id}/mfa/login/initialize"), Some(&key));
        let user = serde_json::json!({ "user_id": plan.external_id(tenant, 0) }).to_string();
        wait_for_ok(&node, &Head::get(&node.public, "/health/ready", ("accept", "*/*")), String::new()).await?;
        ready.record(node.spawned.elapsed());
        wait_for_ok(&node, &login, user).await?;
        first.record(node.spawned.elapsed());
        node.stop();
    }
    for (name, latencies) in [("/health/ready", ready), ("an MFA initialize", first)] {
        let summary = latencies.summary();
        results.judge(
            format_args!(
                "from process start to a 200 response of {name}: median {:.0} ms, maximum {:.0} ms of {STARTS} starts (target: under {START_MS:.0})",
                summary.p50_ms, summary.max_ms
            ),
            summary.max_ms < START_MS,
        );
    }
    Ok(())
}

/// Repeats a request until the status is 200.
async fn wait_for_ok(node: &Node, head: &Head, body: String) -> Result<(), ReportError> {
    let started = Instant::now();
    let mut connection = Connection::to(node.public.address);
    loop {
        let reason = match connection.send(head, body.clone()).await {
            Ok(response) if response.status == 200 => return Ok(()),
            Ok(response) => format!("status {}: {}", response.status, String::from_utf8_lossy(&response.body)),
            Err(error) => error.to_string(),
        };
        if started.elapsed() > START_TIMEOUT {
            return Err(ReportError::Response { path: node.process.public_url.clone(), reason });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
