//! What a run found, for people and for programs.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    Mode, Options,
    pressure::{Answered, Pressure},
    process::{Reading, Usage},
    stats::{ServiceError, Stats, Summary, ratio},
};

/// What was set up.
#[derive(Debug, Clone, Serialize)]
pub struct Setup {
    mode: Mode,
    urls: Vec<String>,
    clients: u16,
    users: usize,
    rate: Option<u32>,
    setup_seconds: f64,
}

/// A whole run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    #[serde(flatten)]
    setup: Setup,
    /// What was measured: quietly, then under wrong keys if asked for.
    pub phases: Vec<Measured>,
    /// The slowest request's p99 under wrong keys, as a multiple of its quiet one.
    p99_ratio_under_wrong_keys: Option<f64>,
    /// Whether everything was answered as it should.
    pub ok: bool,
}

/// One request's figures.
#[derive(Debug, Clone, Serialize)]
pub struct Endpoint {
    name: &'static str,
    #[serde(flatten)]
    summary: Summary,
}

/// What went wrong, and how often.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    #[serde(flatten)]
    failure: ServiceError,
    count: u64,
}

/// What wrong keys were answered.
#[derive(Debug, Clone, Serialize)]
pub struct WrongKeys {
    clients: u16,
    answers: Vec<Answered>,
    latency: Summary,
    /// Wrong keys that were believed.
    accepted: u64,
}

/// Costs of one ceremony and of one request, in microseconds of processor time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    per_ceremony_us: f64,
    per_request_us: f64,
    /// Of one core.
    busy_percent: f64,
}

/// A measured phase.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    seconds: f64,
    /// Ceremonies that ended.
    pub ceremonies: u64,
    ceremonies_per_second: f64,
    requests: u64,
    /// Whole ceremonies.
    ceremony: Summary,
    /// Each request.
    pub endpoints: Vec<Endpoint>,
    /// What was not answered as it should.
    pub errors: Vec<Counted>,
    /// Tokens beyond the first of a challenge.
    pub second_tokens: u64,
    challenges_without_token: u64,
    refused_replays: u64,
    late_starts: u64,
    servers: Vec<Usage>,
    server_cost: Option<Cost>,
    database: Option<Usage>,
    database_cost: Option<Cost>,
    generator: Option<Usage>,
    generator_cost: Option<Cost>,
    wrong_keys: Option<WrongKeys>,
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
        (senders, pressed): (u16, Pressure),
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
            ceremonies_per_second: whole_ratio(ceremonies, seconds),
            requests,
            ceremony: stats.whole.summary(),
            endpoints,
            errors: stats.failures.into_iter().map(|(failure, count)| Counted { failure, count }).collect(),
            second_tokens: stats.second_tokens,
            challenges_without_token: stats.without_token,
            refused_replays: stats.refused_replays,
            late_starts: stats.late,
            server_cost: cost(&servers),
            servers,
            database_cost: of(&database),
            database,
            generator_cost: of(&generator),
            generator,
            wrong_keys: (senders > 0).then(|| WrongKeys {
                clients: senders,
                answers: pressed.answers.into_iter().map(|(status, count)| Answered { status, count }).collect(),
                latency: pressed.latencies.summary(),
                accepted: pressed.accepted,
            }),
        }
    }

    /// Whether everything was answered as it should, and anything was.
    #[must_use]
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

#[expect(clippy::cast_precision_loss, reason = "ceremonies of a run: far below 2^52")]
fn whole_ratio(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

impl Report {
    pub(super) fn new(setup: Setup, phases: Vec<Measured>) -> Self {
        let ok = phases.iter().all(Measured::ok);
        let p99_ratio_under_wrong_keys = match phases.as_slice() {
            [quiet, pressed] => Some(pressed.slowest_p99() / quiet.slowest_p99().max(f64::MIN_POSITIVE)),
            _ => None,
        };
        Self { setup, phases, p99_ratio_under_wrong_keys, ok }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { mode, urls, clients, users, setup_seconds, .. } = &self.setup;
        writeln!(f, "{mode:?}: {clients} clients, {users} users (ready in {setup_seconds:.1} s), {}", urls.join(" "))?;
        for (place, phase) in self.phases.iter().enumerate() {
            if self.phases.len() > 1 {
                writeln!(f, "\n{}", if place == 0 { "Quiet" } else { "Under wrong keys" })?;
            }
            phase.fmt(f)?;
        }
        if let Some(ratio) = self.p99_ratio_under_wrong_keys {
            writeln!(f, "\np99 under wrong keys: {ratio:.2} times the quiet one")?;
        }
        writeln!(f, "{}", if self.ok { "ok" } else { "NOT OK" })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ceremonies, seconds, ceremonies_per_second, .. } = self;
        writeln!(f, "{ceremonies} ceremonies in {seconds:.1} s: {ceremonies_per_second:.0} a second")?;
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
                "server {}: {:.2} s CPU, {:.0} MiB resident, {:.0} MiB at most",
                usage.pid, usage.cpu_seconds, usage.rss_mib, usage.peak_rss_mib
            )?;
        }
        for (name, cost) in
            [("server", self.server_cost), ("database", self.database_cost), ("generator", self.generator_cost)]
        {
            if let Some(Cost { per_ceremony_us, per_request_us, busy_percent }) = cost {
                writeln!(
                    f,
                    "{name} CPU: {per_ceremony_us:.0} µs a ceremony, {per_request_us:.0} µs a request, {busy_percent:.0} % of a core"
                )?;
            }
        }
        if let Some(WrongKeys { clients, answers, latency, accepted }) = &self.wrong_keys {
            let answers: Vec<String> =
                answers.iter().map(|Answered { status, count }| format!("{count} × {status}")).collect();
            writeln!(
                f,
                "wrong keys of {clients} clients: {} (p99 {:.1} ms), {accepted} believed",
                answers.join(", "),
                latency.p99_ms
            )?;
        }
        if self.refused_replays > 0 {
            writeln!(f, "replays refused, warm-up included: {}", self.refused_replays)?;
        }
        if self.late_starts > 0 {
            writeln!(f, "began more than 10 ms late: {}", self.late_starts)?;
        }
        for Counted { failure: ServiceError { endpoint, status, code }, count } in &self.errors {
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
