//! Runs `doorward-load` and reads its report.

use std::process::Command;

use serde::Deserialize;

use super::{
    Options, ReportError,
    installation::{Installation, Node},
    program,
    results::Results,
};

/// Users and tenants of every run.
const USERS: [&str; 4] = ["--users", "1000", "--tenants", "100"];
/// Megabytes per mebibyte.
const MB: f64 = 1.048_576;

/// Output of `doorward-load --json`.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) phases: Vec<Phase>,
    pub(super) p99_ratio_under_wrong_keys: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Phase {
    pub(super) ceremonies_per_second: f64,
    endpoints: Vec<Endpoint>,
    errors: Vec<Errors>,
    second_tokens: u64,
    late_starts: u64,
    servers: Vec<Server>,
    server_cost: Option<Cost>,
    generator_cost: Option<Cost>,
    wrong_keys: Option<WrongKeys>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoint {
    name: String,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
}

#[derive(Debug, Deserialize)]
struct Errors {
    endpoint: String,
    status: u16,
    code: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Server {
    rss_mib: f64,
    peak_rss_mib: f64,
}

#[derive(Debug, Deserialize)]
struct Cost {
    per_ceremony_us: f64,
    busy_percent: f64,
}

#[derive(Debug, Deserialize)]
struct WrongKeys {
    responses: Vec<StatusCount>,
    accepted: u64,
}

#[derive(Debug, Deserialize)]
struct StatusCount {
    status: u16,
    count: u64,
}

impl Report {
    /// Returns the phase without wrong keys.
    pub(super) fn first_phase(&self) -> Result<&Phase, ReportError> {
        self.phases.first().ok_or_else(|| unreadable("no phase"))
    }

    /// Reports a missed target if a response was not as expected.
    pub(super) fn judge_responses(&self, results: &mut Results) {
        let mut wrong: Vec<String> = Vec::new();
        for phase in &self.phases {
            wrong.extend(
                phase
                    .errors
                    .iter()
                    .map(|Errors { endpoint, status, code, count }| format!("{count} × {endpoint}: {status} {code}")),
            );
            let accepted = phase.wrong_keys.as_ref().map_or(0, |keys| keys.accepted);
            for (count, what) in [(phase.second_tokens, "second tokens"), (accepted, "wrong keys accepted")] {
                if count > 0 {
                    wrong.push(format!("{count} {what}"));
                }
            }
        }
        if !wrong.is_empty() {
            results.judge(format_args!("all responses as expected ({})", wrong.join(", ")), false);
        }
    }
}

impl Phase {
    /// Latencies of the initialize and the finalize request.
    pub(super) fn requests(&self) -> Result<[&Endpoint; 2], ReportError> {
        let of = |step: &str| {
            let found = self.endpoints.iter().find(|endpoint| endpoint.name.ends_with(step));
            found.ok_or_else(|| unreadable("no ceremony was completed within the measurement"))
        };
        Ok([of("/initialize")?, of("/finalize")?])
    }

    /// CPU time of the server per ceremony, in microseconds.
    pub(super) fn cost(&self) -> f64 {
        self.server_cost.as_ref().map_or(0.0, |cost| cost.per_ceremony_us)
    }

    /// Resident memory of the server in MB: at the end, and peak.
    pub(super) fn memory(&self) -> (f64, f64) {
        self.servers.first().map_or((0.0, 0.0), |server| (server.rss_mib * MB, server.peak_rss_mib * MB))
    }

    /// CPU use of server and generator, in percent of a core.
    pub(super) fn busy(&self) -> (f64, f64) {
        let of = |cost: &Option<Cost>| cost.as_ref().map_or(0.0, |cost| cost.busy_percent);
        (of(&self.server_cost), of(&self.generator_cost))
    }

    /// Number of ceremonies that started late.
    pub(super) const fn late(&self) -> u64 {
        self.late_starts
    }

    /// Numbers of responses to wrong keys by status.
    pub(super) fn wrong_key_responses(&self) -> String {
        let counts = self.wrong_keys.as_ref().map(|keys| keys.responses.as_slice()).unwrap_or_default();
        let counts = counts.iter().map(|StatusCount { status, count }| format!("{count} × {status}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// Runs second-factor logins with further arguments of `doorward-load`.
pub(super) async fn run(
    options: &Options,
    installation: &Installation,
    node: &Node,
    arguments: &[&str],
) -> Result<Report, ReportError> {
    let program = options.program("doorward-load")?;
    let mut command = Command::new(&program);
    command.env_clear().args(["mfa", "--json", "--url", node.url(), "--pid", &node.pid().to_string()]);
    command.arg("--seeded").arg(installation.seeded_file()).args(USERS).args(arguments);
    let (status, text) = program::run(command).await?;
    // Exit code 1: measured, but the report has unexpected responses.
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(ReportError::Program { program: program.display().to_string(), reason: status.to_string() });
    }
    read(&text)
}

/// Fills caches: every user logs in once.
pub(super) async fn warm_up(
    options: &Options,
    installation: &Installation,
    node: &Node,
    results: &mut Results,
) -> Result<(), ReportError> {
    let once = ["--clients", "16", "--ceremonies", "1000", "--duration", "120", "--warm-up", "0"];
    run(options, installation, node, &once).await?.judge_responses(results);
    Ok(())
}

fn read(text: &str) -> Result<Report, ReportError> {
    serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(reason: &str) -> ReportError {
    ReportError::Program { program: "doorward-load".to_owned(), reason: reason.to_owned() }
}
