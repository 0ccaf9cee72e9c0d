//! What a second-factor login costs the server, beside what it cannot cost less than:
//! `cargo bench -p doorward-testkit --bench mfa`.
//!
//! Everything runs in one process, in rounds; each round measures every piece once, so that other load on the machine
//! touches all alike. Figures are the medians of the rounds, in CPU time of the threads that serve (the clients' threads
//! do not count). The pieces are measured on as many threads at once as the server has.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what fails here ends the measurement")]

mod commit;
mod cpu;
mod crew;
mod floor;
mod rig;
mod wire;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use commit::Commits;
use crew::{Crew, Requests};
use floor::Floor;
use rig::WORKERS;

/// CPU time for each request, by the names of the threads that spent it.
type ByThread = BTreeMap<String, Duration>;

/// What a round measures.
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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    // `--data FOLDER` measures on an installation that holds something already.
    let given = argument("--data").map(PathBuf::from);
    let number = |name, default| argument(name).map_or(default, |text| text.parse().expect("a number"));
    let (clients, people) = (number("--clients", 64), number("--people", 32));
    let rounds = number("--rounds", 7);
    let data = given.clone().unwrap_or_else(|| folder.path().join("data"));
    let rig = runtime.block_on(rig::doorward(&data));

    let mut crew = Crew::gather(rig.address, &rig.tenant.to_string(), &rig.key, clients, people);
    let mut figures = Figures::default();
    let mut parts: Option<(Floor, Option<Commits>, std::net::SocketAddr)> = None;
    // The first round warms up.
    for round in 0..=rounds {
        let (initialize, options) = measured(&mut crew, Crew::initialize);
        let requests = crew.finalize(&options);
        let sample = requests[0][0].clone();
        if parts.is_none() {
            let floor =
                runtime.block_on(Floor::of(&rig.app.db, rig.tenant, &requests.iter().flatten().collect::<Vec<_>>()));
            // A copy of a large database would take longer than the rest: there the share is not measured.
            let copied = || Commits::on_copy(&data.join("doorward.db"), &folder.path().join("floor.db"));
            parts = Some((floor, given.is_none().then(copied), rig.address));
        }
        let (finalize, tokens) = measured(&mut crew, |_| requests);
        let Some((floor, commits, bare)) = &mut parts else { unreachable!("they were made above") };
        if *bare == rig.address {
            *bare = runtime.block_on(async { rig::bare(tokens[0][0].clone()) });
        }
        crew.reconnect(*bare);
        // One at a time for each worker: answering many at once would be cheaper than a lone exchange can be.
        let same: Requests = vec![vec![sample; clients * people / WORKERS]; WORKERS.min(clients)];
        let (exchange, _) = measured(&mut crew, |_| same);
        crew.reconnect(rig.address);
        let pieces = (floor.parse(WORKERS), floor.verify(WORKERS), floor.sign(WORKERS));
        let others = (floor.verify_with_webauthn_rs(WORKERS), floor.verify_with_aws_lc(WORKERS));
        let commit = commits.as_mut().map(|commits| cpu::beside(|| floor.busy(), || commits.share()));
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
    println!("MFA login, {clients} clients, {rounds} rounds of {} logins, microseconds of CPU", clients * people);
    report(&mut figures);
}

/// What follows a name on the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Server CPU per request, and the answers.
fn measured(crew: &mut Crew, requests: impl FnOnce(&Crew) -> Requests) -> (ByThread, Requests) {
    let requests = requests(crew);
    let count = u32::try_from(requests.iter().map(Vec::len).sum::<usize>()).expect("not that many");
    let before = cpu::of_servers();
    let answers = crew.exchange(requests);
    let mut used = cpu::of_servers();
    for (name, used) in &mut used {
        *used = used.saturating_sub(before.get(name).copied().unwrap_or_default()) / count;
    }
    (used, answers)
}

fn median(figures: &mut [Duration]) -> f64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).map_or(0.0, |figure| figure.as_secs_f64() * 1e6)
}

/// Which threads spent it.
fn by_thread(rounds: &[ByThread]) -> String {
    let names = rounds.first().map(|round| round.keys().collect::<Vec<_>>()).unwrap_or_default();
    let of =
        |name: &String| median(&mut rounds.iter().filter_map(|round| round.get(name).copied()).collect::<Vec<_>>());
    let parts = names.into_iter().map(|name| (name, of(name))).filter(|(_, micros)| *micros >= 0.1);
    parts.map(|(name, micros)| format!("{name} {micros:.1}")).collect::<Vec<_>>().join(", ")
}

/// A ratio with its target, and whether it was met.
fn judged(ratio: f64, of: &str, most: f64) -> String {
    let met = if ratio <= most { "met" } else { "MISSED" };
    format!("{ratio:.2} × {of} (at most {most:.2}): {met}")
}

fn report(figures: &mut Figures) {
    let verify = median(&mut figures.verify);
    let pieces = [
        ("read the body", median(&mut figures.parse)),
        ("verify it (Doorward's checks, ES256 with aws-lc)", verify),
        ("sign the token (ES256, kept key pair)", median(&mut figures.sign)),
        ("one share of a commit of 32", median(&mut figures.commit)),
        ("one bare actix exchange", median(&mut figures.exchange)),
    ];
    for (name, micros) in pieces {
        println!("  {micros:8.1}  {name}");
    }
    let floor: f64 = pieces.iter().map(|(_, micros)| micros).sum();
    let (webauthn_rs, aws_lc) = (median(&mut figures.webauthn_rs), median(&mut figures.aws_lc));
    let usual = floor - verify + webauthn_rs;
    let total = |rounds: &[ByThread]| median(&mut rounds.iter().map(|round| round.values().sum()).collect::<Vec<_>>());
    let (finalize, initialize) = (total(&figures.finalize), total(&figures.initialize));
    println!("  {floor:8.1}  the floor of a finalize: their sum");
    println!("  {webauthn_rs:8.1}  the verification by webauthn-rs");
    println!("  {usual:8.1}  the floor of a finalize with webauthn-rs");
    println!("  {aws_lc:8.1}  the hardware's own floor of a verification: ES256 with aws-lc");
    println!("  {finalize:8.1}  a real finalize: {}", judged(finalize / floor, "the floor", 1.3));
    println!("            {}", judged(finalize / usual, "the floor with webauthn-rs", 1.3));
    println!("            {}", by_thread(&figures.finalize));
    println!("  {initialize:8.1}  a real initialize: {}", judged(initialize / finalize, "a finalize", 0.5));
    println!("            {}", by_thread(&figures.initialize));
}
