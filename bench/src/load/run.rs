//! Runs the clients of a measurement and reads the resource usage of the processes involved.

use std::{cell::Cell, rc::Rc, time::Instant};

use doorward_server::clock::{SystemEntropy, random};
use tokio::{sync::Notify, task::LocalSet};

use super::{
    LoadError, Options, Report,
    account::{self, Account},
    ceremony::{Client, Phase},
    http::Host,
    process::{self, Reading},
    report::{Measured, Setup},
    stats::Stats,
    wrong_key_flood::{self, FloodStats},
};

/// Prepares users and measures a phase without wrong keys. If [`Options::wrong_keys`] is set, also measures a second
/// phase, in which more clients send wrong keys. Unexpected responses are not an error; the report lists them.
pub async fn run(options: &Options) -> Result<Report, LoadError> {
    let hosts = options.hosts()?;
    // Read the processes first, so that a wrong process id is reported before the setup.
    read_all(&watched_pids(options))?;
    let started = Instant::now();
    let accounts: Rc<[Rc<Account>]> = account::prepare(options, &hosts).await?.into();
    let hosts: Rc<[Host]> = hosts.into();
    let setup = Setup::new(options, accounts.len(), started.elapsed());
    let mut phases = vec![phase(options, &hosts, &accounts, 0).await?];
    if let Some(senders) = options.wrong_keys {
        phases.push(phase(options, &hosts, &accounts, senders).await?);
    }
    Ok(Report::new(setup, phases))
}

/// Process ids of the servers, the database and this process.
fn watched_pids(options: &Options) -> Vec<u32> {
    let own = std::process::id();
    options.pids.iter().copied().chain(options.database_pid).chain([own]).collect()
}

fn read_all(pids: &[u32]) -> Result<Vec<Reading>, LoadError> {
    pids.iter().map(|&pid| process::read(pid).map_err(|error| LoadError::Process { pid, error })).collect()
}

async fn phase(
    options: &Options,
    hosts: &Rc<[Host]>,
    accounts: &Rc<[Rc<Account>]>,
    senders: u16,
) -> Result<Measured, LoadError> {
    let bytes = random::<6>(&SystemEntropy::default()).map_err(|error| LoadError::Setup(error.to_string()))?;
    let measured_from = Instant::now() + options.warm_up;
    let phase = Rc::new(Phase {
        options: options.clone(),
        hosts: Rc::clone(hosts),
        accounts: Rc::clone(accounts),
        id: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        measured_from,
        end: measured_from + options.duration,
        remaining: Cell::new(options.ceremonies),
        running: Cell::new(options.clients.into()),
        finished: Notify::new(),
    });
    let tasks = LocalSet::new();
    let clients: Vec<_> = (0..usize::from(options.clients))
        .map(|number| tasks.spawn_local(Client::new(Rc::clone(&phase), number).run()))
        .collect();
    let heads = accounts.iter().map(|account| &account.heads).cycle().take(senders.into()).enumerate();
    let flooding: Vec<_> = heads
        .map(|(number, heads)| tasks.spawn_local(wrong_key_flood::send(Rc::clone(&phase), Rc::clone(heads), number)))
        .collect();
    let pids = watched_pids(options);
    let watching = async {
        tokio::time::sleep_until(measured_from.into()).await;
        let before = (Instant::now(), read_all(&pids)?);
        // The clients may finish before the end of the phase, because the number of ceremonies is limited.
        let _ = tokio::time::timeout_at(phase.end.into(), phase.finished.notified()).await;
        Ok::<_, LoadError>((before, (Instant::now(), read_all(&pids)?)))
    };
    let ((from, before), (to, after)) = tasks.run_until(watching).await?;
    let panicked = |error: tokio::task::JoinError| LoadError::Setup(error.to_string());
    let (mut stats, mut flood) = (Stats::default(), FloodStats::default());
    for client in clients {
        stats.merge(tasks.run_until(client).await.map_err(panicked)?);
    }
    for sender in flooding {
        flood.merge(tasks.run_until(sender).await.map_err(panicked)?);
    }
    Ok(Measured::new(options, stats, (senders, flood), to - from, &before, &after))
}
