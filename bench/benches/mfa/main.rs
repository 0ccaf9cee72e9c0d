//! CPU time of a second-factor login, compared with its baseline: the sum of the unavoidable steps.
//! Run it with `cargo bench -p doorward-bench --bench mfa`.
//!
//! Everything runs in one process. Each round measures every step once, so that other load on the machine affects all
//! steps equally. Results are medians of the rounds. They include the CPU time of the server's threads, but not that of
//! the client threads. Each step runs on as many concurrent threads as the server has.
//!
//! With `-- --algorithms` it measures only the verification of assertions, for each algorithm.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a panic ends the measurement")]

mod algorithms;
mod baseline;
mod clients;
mod commit;
mod cpu;
mod fixture;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use baseline::Baseline;
use clients::{Bodies, Clients};
use commit::Commits;
use fixture::WORKERS;
use mimalloc::MiMalloc;

/// The allocator that the server uses.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// CPU time per request, by thread name.
type ByThread = BTreeMap<String, Duration>;

#[derive(Debug, Default)]
struct Figures {
    parse: Vec<Duration>,
    verify: Vec<Duration>,
    webauthn_rs: Vec<Duration>,
    aws_lc: Vec<Duration>,
    sign: Vec<Duration>,
    commit: Vec<Duration>,
    exchange: Vec<Duration>,
    initialize: Vec<ByThread>,
    finalize: Vec<ByThread>,
}

fn main() {
    if std::env::args().any(|argument| argument == "--algorithms") {
        return algorithms::report(number("--rounds", 7));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    // `--data FOLDER` uses an existing installation.
    let existing = argument("--data").map(PathBuf::from);
    let (client_count, users) = (number("--clients", 64), number("--users", 32));
    let rounds = number("--rounds", 7);
    let data = existing.clone().unwrap_or_else(|| folder.path().join("data"));
    let server = runtime.block_on(fixture::doorward(&data));

    let mut clients = Clients::register(server.address, &server.tenant.to_string(), &server.key, client_count, users);
    let mut figures = Figures::default();
    let mut parts: Option<(Baseline, Option<Commits>, std::net::SocketAddr)> = None;
    // Round 0 is the warm-up.
    for round in 0..=rounds {
        let bodies = clients.initialize();
        let (initialize, options) = measure(&mut clients, "mfa/login/initialize", bodies);
        let bodies = clients.finalize(&options);
        let sample = bodies[0][0].clone();
        if parts.is_none() {
            let baseline = runtime.block_on(Baseline::new(&server.app.db, server.tenant, bodies.iter().flatten()));
            // The commit is not measured on an existing installation, because copying a large database takes too long.
            let copied = || Commits::on_copy(&data.join("doorward.db"), &folder.path().join("baseline.db"));
            parts = Some((baseline, existing.is_none().then(copied), server.address));
        }
        let (finalize, tokens) = measure(&mut clients, "mfa/login/finalize", bodies);
        let Some((baseline, commits, bare)) = &mut parts else { unreachable!("set above") };
        if *bare == server.address {
            *bare = runtime.block_on(async { fixture::bare(tokens[0][0].clone()) });
        }
        clients.reconnect(*bare);
        // Use one connection per worker: concurrent exchanges on a worker would need less CPU time per exchange.
        let same: Bodies = vec![vec![sample; client_count * users / WORKERS]; WORKERS.min(client_count)];
        let (exchange, _) = measure(&mut clients, "mfa/login/finalize", same);
        clients.reconnect(server.address);
        let pieces = (baseline.parse(WORKERS), baseline.verify(WORKERS), baseline.sign(WORKERS));
        let others = (baseline.verify_with_webauthn_rs(WORKERS), baseline.verify_with_aws_lc(WORKERS));
        let commit = commits.as_mut().map(|commits| cpu::beside(|| baseline.verify_once(), || commits.share()));
        if round > 0 {
            figures.initialize.push(initialize);
            figures.finalize.push(finalize);
            figures.exchange.push(exchange.values().sum());
            figures.parse.push(pieces.0);
            figures.verify.push(pieces.1);
            figures.sign.push(pieces.2);
            figures.webauthn_rs.push(others.0);
            figures.aws_lc.push(others.1);
            figures.commit.extend(commit);
        }
    }
    println!(
        "MFA login, {client_count} clients, {rounds} rounds of {} logins, microseconds of CPU",
        client_count * users
    );
    report(&mut figures);
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn number<N: std::str::FromStr<Err: std::fmt::Debug>>(name: &str, default: N) -> N {
    argument(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Sends requests. Returns the server's CPU time per request, and the response bodies.
fn measure(clients: &mut Clients, path: &str, bodies: Bodies) -> (ByThread, Bodies) {
    let count = u32::try_from(bodies.iter().map(Vec::len).sum::<usize>()).expect("a count below 2^32");
    let before = cpu::of_servers();
    let responses = clients.exchange(path, bodies);
    let mut used = cpu::of_servers();
    for (name, used) in &mut used {
        *used = used.saturating_sub(before.get(name).copied().unwrap_or_default()) / count;
    }
    (used, responses)
}

fn median(figures: &mut [Duration]) -> f64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).map_or(0.0, |figure| figure.as_secs_f64() * 1e6)
}

/// Formats the median CPU time of the threads of each name, in microseconds.
fn by_thread(rounds: &[ByThread]) -> String {
    let names = rounds.first().map(|round| round.keys().collect::<Vec<_>>()).unwrap_or_default();
    let of =
        |name: &String| median(&mut rounds.iter().filter_map(|round| round.get(name).copied()).collect::<Vec<_>>());
    let parts = names.into_iter().map(|name| (name, of(name))).filter(|(_, micros)| *micros >= 0.1);
    parts.map(|(name, micros)| format!("{name} {micros:.1}")).collect::<Vec<_>>().join(", ")
}

/// Formats a ratio with its target and whether the target was met.
fn judge(ratio: f64, of: &str, max: f64) -> String {
    let met = if ratio <= max { "met" } else { "MISSED" };
    format!("{ratio:.2} × {of} (target: at most {max:.2}): {met}")
}

fn report(figures: &mut Figures) {
    let verify = median(&mut figures.verify);
    let pieces = [
        ("parse the body", median(&mut figures.parse)),
        ("verify the assertion (Doorward's checks, ES256 with aws-lc)", verify),
        ("sign the token (ES256, cached key pair)", median(&mut figures.sign)),
        ("share of a commit of 32 logins", median(&mut figures.commit)),
        ("bare actix exchange", median(&mut figures.exchange)),
    ];
    for (name, micros) in pieces {
        println!("  {micros:8.1}  {name}");
    }
    let baseline: f64 = pieces.iter().map(|(_, micros)| micros).sum();
    let (webauthn_rs, aws_lc) = (median(&mut figures.webauthn_rs), median(&mut figures.aws_lc));
    let usual = baseline - verify + webauthn_rs;
    let total = |rounds: &[ByThread]| median(&mut rounds.iter().map(|round| round.values().sum()).collect::<Vec<_>>());
    let (finalize, initialize) = (total(&figures.finalize), total(&figures.initialize));
    println!("  {baseline:8.1}  baseline of finalize: sum of these");
    println!("  {webauthn_rs:8.1}  verification by webauthn-rs");
    println!("  {usual:8.1}  baseline of finalize with webauthn-rs");
    println!("  {aws_lc:8.1}  ES256 verification alone, with aws-lc");
    println!("  {finalize:8.1}  finalize: {}", judge(finalize / baseline, "the baseline", 1.3));
    println!("            {}", judge(finalize / usual, "the baseline with webauthn-rs", 1.3));
    println!("            {}", by_thread(&figures.finalize));
    println!("  {initialize:8.1}  initialize: {}", judge(initialize / finalize, "finalize", 0.5));
    println!("            {}", by_thread(&figures.initialize));
}
