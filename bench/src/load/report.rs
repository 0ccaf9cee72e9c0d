//! The report of a run: human-readable with `Display`, machine-readable with `Serialize`.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    Mode, Options,
    process::{Reading, Usage},
    stats::{Failure, Stats, Summary, ratio},
    wrong_key_flood::{FloodStats, StatusCount},
};

#[derive(Debug, Clone, Serialize)]
pub struct Setup {
    mode: Mode,
    urls: Vec<String>,
    clients: u16,
    users: usize,
    rate: Option<u32>,
    setup_seconds: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    #[serde(flatten)]
    setup: Setup,
    /// The measured phases: one without and, if requested, one with wrong keys.
    pub phases: Vec<Measured>,
    /// p99 latency of the slowest endpoint in the phase with wrong keys, divided by that of the slowest endpoint in the
    /// phase without wrong keys.
    pub p99_ratio_under_wrong_keys: Option<f64>,
    /// Whether all responses were as expected.
    pub ok: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Endpoint {
    pub name: &'static str,
    #[serde(flatten)]
    pub summary: Summary,
}

/// An unexpected response and its count.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    #[serde(flatten)]
    failure: Failure,
    count: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct WrongKeys {
    clients: u16,
    responses: Vec<StatusCount>,
    latency: Summary,
    /// Number of wrong keys that were accepted.
    accepted: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    pub per_ceremony_us: f64,
    per_request_us: f64,
    /// CPU time as a percentage of one core.
    pub busy_percent: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    seconds: f64,
    pub ceremonies: u64,
    pub ceremonies_per_second: f64,
    requests: u64,
    /// Latency of whole ceremonies.
    ceremony: Summary,
    pub endpoints: Vec<Endpoint>,
    pub errors: Vec<Counted>,
    /// Tokens beyond the first one for a challenge.
    pub second_tokens: u64,
    challenges_without_token: u64,
    rejected_replays: u64,
    pub late_starts: u64,
    pub servers: Vec<Usage>,
    pub server_cost: Option<Cost>,
    database: Option<Usage>,
    database_cost: Option<Cost>,
    generator: Option<Usage>,
    pub generator_cost: Option<Cost>,
    pub wrong_keys: Option<WrongKeys>,
}

impl Setup {
    pub(super) fn new(options: &Options, users: usize, took: Duration) -> Self {
        Self {
            mode: options.mode,
            urls: options.urls.iter().map(ToString::to_string).collect(),
            clients: options.clients,
            users,
            rate: options.rate,
            setup_seconds: took.as_secs_f64(),
        }
    }
}

impl Measured {
    pub(super) fn new(
        options: &Options,
        stats: Stats,
        (senders, flood): (u16, FloodStats),
        took: Duration,
        before: &[Reading],
        after: &[Reading],
    ) -> Self {
        let seconds = took.as_secs_f64();
        let endpoints: Vec<Endpoint> = stats
            .endpoints
            .into_iter()
            .map(|(name, latencies)| Endpoint { name, summary: latencies.summary() })
            .collect();
        let requests = endpoints.iter().map(|endpoint| endpoint.summary.count).sum();
        let ceremonies = stats.ceremonies;
        let cost = |usages: &[Usage]| {
            let cpu: f64 = usages.iter().map(|usage| usage.cpu_seconds).sum();
            (!usages.is_empty()).then(|| Cost {
                per_ceremony_us: ratio(cpu * 1e6, ceremonies),
                per_request_us: ratio(cpu * 1e6, requests),
                busy_percent: cpu / seconds.max(f64::MIN_POSITIVE) * 100.0,
            })
        };
        let used = |pid: u32, place: usize| Some(Usage::between(pid, *before.get(place)?, *after.get(place)?));
        let servers: Vec<Usage> =
            options.pids.iter().enumerate().filter_map(|(place, &pid)| used(pid, place)).collect();
        let database = options.database_pid.and_then(|pid| used(pid, options.pids.len()));
        let generator = used(std::process::id(), before.len().saturating_sub(1));
        let of = |usage: &Option<Usage>| cost(usage.as_slice());
        Self {
            seconds,
            ceremonies,
            ceremonies_per_second: per_second(ceremonies, seconds),
            requests,
            ceremony: stats.whole.summary(),
            endpoints,
            errors: stats.failures.into_iter().map(|(failure, count)| Counted { failure, count }).collect(),
            second_tokens: stats.second_tokens,
            challenges_without_token: stats.without_token,
            rejected_replays: stats.rejected_replays,
            late_starts: stats.late,
            server_cost: cost(&servers),
            servers,
            database_cost: of(&database),
            database,
            generator_cost: of(&generator),
            generator,
            wrong_keys: (senders > 0).then(|| WrongKeys {
                clients: senders,
                responses: flood.responses.into_iter().map(|(status, count)| StatusCount { status, count }).collect(),
                latency: flood.latencies.summary(),
                accepted: flood.accepted,
            }),
        }
    }

    /// Returns whether ceremonies were completed and all responses were as expected.
    pub fn ok(&self) -> bool {
        self.ceremonies > 0
            && self.errors.is_empty()
            && self.second_tokens == 0
            && self.challenges_without_token == 0
            && self.wrong_keys.as_ref().is_none_or(|wrong| wrong.accepted == 0)
    }

    fn slowest_p99(&self) -> f64 {
        self.endpoints.iter().map(|endpoint| endpoint.summary.p99_ms).fold(0.0, f64::max)
    }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

impl Report {
    pub(super) fn new(setup: Setup, phases: Vec<Measured>) -> Self {
        let ok = phases.iter().all(Measured::ok);
        let p99_ratio_under_wrong_keys = match phases.as_slice() {
            [quiet, flooded] => Some(flooded.slowest_p99() / quiet.slowest_p99().max(f64::MIN_POSITIVE)),
            _ => None,
        };
        Self { setup, phases, p99_ratio_under_wrong_keys, ok }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { mode, urls, clients, users, setup_seconds, .. } = &self.setup;
        writeln!(f, "{mode:?}: {clients} clients, {users} users (set up in {setup_seconds:.1} s), {}", urls.join(" "))?;
        for (place, phase) in self.phases.iter().enumerate() {
            if self.phases.len() > 1 {
                writeln!(f, "\n{}", if place == 0 { "Without wrong keys" } else { "With wrong keys" })?;
            }
            phase.fmt(f)?;
        }
        if let Some(ratio) = self.p99_ratio_under_wrong_keys {
            writeln!(f, "\np99 with wrong keys: {ratio:.2} times the p99 without")?;
        }
        writeln!(f, "{}", if self.ok { "ok" } else { "NOT OK" })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ceremonies, seconds, ceremonies_per_second, .. } = self;
        writeln!(f, "{ceremonies} ceremonies in {seconds:.1} s: {ceremonies_per_second:.0} per second")?;
        writeln!(f, "{:<26}{:>10}{:>10}{:>10}{:>10}{:>10}", "milliseconds", "count", "p50", "p95", "p99", "max")?;
        let line = |f: &mut fmt::Formatter<'_>, name: &str, summary: &Summary| {
            let Summary { count, p50_ms, p95_ms, p99_ms, max_ms, .. } = summary;
            writeln!(f, "{name:<26}{count:>10}{p50_ms:>10.2}{p95_ms:>10.2}{p99_ms:>10.2}{max_ms:>10.2}")
        };
        for Endpoint { name, summary } in &self.endpoints {
            line(f, name, summary)?;
        }
        line(f, "ceremony", &self.ceremony)?;
        for usage in &self.servers {
            writeln!(
                f,
                "server {}: {:.2} s CPU, {:.0} MiB resident, {:.0} MiB peak",
                usage.pid, usage.cpu_seconds, usage.rss_mib, usage.peak_rss_mib
            )?;
        }
        for (name, cost) in
            [("server", self.server_cost), ("database", self.database_cost), ("generator", self.generator_cost)]
        {
            if let Some(Cost { per_ceremony_us, per_request_us, busy_percent }) = cost {
                writeln!(
                    f,
                    "{name} CPU: {per_ceremony_us:.0} µs per ceremony, {per_request_us:.0} µs per request, {busy_percent:.0} % of a core"
                )?;
            }
        }
        if let Some(wrong_keys) = &self.wrong_keys {
            writeln!(f, "{wrong_keys}")?;
        }
        if self.rejected_replays > 0 {
            writeln!(f, "rejected replays, including warm-up: {}", self.rejected_replays)?;
        }
        if self.late_starts > 0 {
            writeln!(f, "ceremonies started more than 10 ms late: {}", self.late_starts)?;
        }
        for Counted { failure: Failure { endpoint, status, code }, count } in &self.errors {
            writeln!(f, "ERROR {count} × {endpoint}: {status} {code}")?;
        }
        if self.second_tokens > 0 {
            writeln!(f, "SECOND TOKENS: {}", self.second_tokens)?;
        }
        if self.challenges_without_token > 0 {
            writeln!(f, "CHALLENGES WITHOUT A TOKEN: {}", self.challenges_without_token)?;
        }
        Ok(())
    }
}

impl fmt::Display for WrongKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, responses, latency, accepted } = self;
        let responses = responses.iter().map(|StatusCount { status, count }| format!("{count} × {status}"));
        let (responses, p99) = (responses.collect::<Vec<_>>().join(", "), latency.p99_ms);
        write!(f, "wrong keys from {clients} clients: {responses} (p99 {p99:.1} ms), {accepted} accepted")
    }
}
