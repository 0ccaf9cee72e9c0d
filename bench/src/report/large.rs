//! A large installation: how soon it answers, and the same logins as on a small one, by turns.

use std::time::{Duration, Instant};

use super::{
    Options, ReportError,
    ceremonies::{CLIENTS, heading, judge_latency, judge_memory, of_clients, row},
    installation::{Installation, Node},
    load::{self, Report},
    results::Results,
};
use crate::load::{
    http::{Connection, Head},
    stats::Latencies,
};

/// How often it is started.
const STARTS: u64 = 5;
/// How soon it must answer.
const START_MS: f64 = 1_000.0;
/// How long it is waited for at most.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a ceremony may cost, as a multiple of what it costs on a small installation.
const MOST: f64 = 1.15;
/// How often the small one and the large one take turns.
const TURNS: usize = 2;

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let large = Installation::large(options, results).await?;
    starts(options, &large, results).await?;
    let small = Installation::small(options).await?;
    let (few, many) = (small.serve(options)?, large.serve(options)?);
    load::warm_up(options, &small, &few, results).await?;
    load::warm_up(options, &large, &many, results).await?;
    heading(results);
    let mut measured = Vec::new();
    for clients in CLIENTS {
        // By turns: what else the machine does touches both alike.
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            for (name, installation, node, reports) in
                [("small", &small, &few, &mut of_small), ("large", &large, &many, &mut of_large)]
            {
                let report = of_clients(options, installation, node, clients).await?;
                row(name, clients, report.quiet()?, results)?;
                reports.push(report);
            }
        }
        measured.push((clients, of_small, of_large));
    }
    for (clients, of_small, of_large) in &measured {
        let (few, many) = (mean_cost(of_small)?, mean_cost(of_large)?);
        let ratio = many / few.max(f64::MIN_POSITIVE);
        results.judge(
            format_args!(
                "{clients} clients: {many:.0} µs of CPU a ceremony, small {few:.0}: {ratio:.2} times (at most {MOST:.2})"
            ),
            few > 0.0 && ratio <= MOST,
        );
    }
    for (clients, of_small, of_large) in &measured {
        for report in of_large {
            judge_latency("large", *clients, report.quiet()?, results)?;
        }
        of_small.iter().chain(of_large).for_each(|report| report.judge_answers(results));
    }
    if let Some(last) = measured.last().and_then(|(_, _, of_large)| of_large.last()) {
        judge_memory("large", last.quiet()?, results);
    }
    few.end();
    many.end();
    Ok(())
}

fn mean_cost(reports: &[Report]) -> Result<f64, ReportError> {
    let costs = reports.iter().map(|report| Ok(report.quiet()?.cost())).collect::<Result<Vec<f64>, ReportError>>()?;
    Ok(crate::load::stats::ratio(costs.iter().sum(), costs.len() as u64))
}

/// From the start of the process to the first answers.
async fn starts(options: &Options, large: &Installation, results: &mut Results) -> Result<(), ReportError> {
    let (mut ready, mut first) = (Latencies::default(), Latencies::default());
    for number in 0..STARTS {
        let node = large.serve(options)?;
        let plan = &large.seeded.plan;
        // Another tenant each time: its key is hashed, its rows are read from the disk.
        let tenant = number * plan.tenants / STARTS;
        let (id, key) = (plan.tenant_id(tenant), large.seeded.api_key(tenant));
        let login = Head::post(&node.public, &format!("/{id}/mfa/login/initialize"), Some(&key));
        let user = serde_json::json!({ "user_id": plan.external_id(tenant, 0) }).to_string();
        let health = Head::get(&node.public, "/health/ready", ("Accept", "*/*"));
        answered(&node, &health, "").await?;
        ready.record(node.spawned.elapsed());
        answered(&node, &login, &user).await?;
        first.record(node.spawned.elapsed());
        node.end();
    }
    for (name, latencies) in [("/health/ready", ready), ("an MFA initialize", first)] {
        let summary = latencies.summary();
        results.judge(
            format_args!(
                "from the start of the process to {name} answered 200: {:.0} ms, at most {:.0} ms in {STARTS} starts (under {START_MS:.0})",
                summary.p50_ms, summary.max_ms
            ),
            summary.max_ms < START_MS,
        );
    }
    Ok(())
}

/// Asks until it is answered 200.
async fn answered(node: &Node, head: &Head, body: &str) -> Result<(), ReportError> {
    let began = Instant::now();
    let mut connection = Connection::to(node.public.address);
    loop {
        let told = match connection.send(head, body.as_bytes()).await {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) => format!("answered {}: {}", answer.status, String::from_utf8_lossy(answer.body)),
            Err(error) => error.to_string(),
        };
        if began.elapsed() > PATIENCE {
            return Err(ReportError::Answer { path: node.url().to_owned(), reason: told });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
