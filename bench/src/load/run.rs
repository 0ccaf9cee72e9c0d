//! A run: users, clients, and what everybody used meanwhile.

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
    wrong_key_flood::{self, Pressure},
};

/// Makes users ready, and measures: once, or once quietly and once more under wrong keys.
///
/// # Errors
/// [`LoadError`] when it could not begin; what goes wrong in the run is in the report.
pub async fn run(options: &Options) -> Result<Report, LoadError> {
    let hosts = options.hosts()?;
    // A wrong process id is told before anything is done.
    read_all(&watched(options))?;
    let began = Instant::now();
    let accounts: Rc<[Rc<Account>]> = account::prepare(options, &hosts).await?.into();
    let hosts: Rc<[Host]> = hosts.into();
    let setup = Setup::new(options, accounts.len(), began.elapsed());
    let mut phases = vec![phase(options, &hosts, &accounts, 0).await?];
    if let Some(senders) = options.wrong_keys {
        phases.push(phase(options, &hosts, &accounts, senders).await?);
    }
    Ok(Report::new(setup, phases))
}

/// Everybody whose costs are told: the servers, the database, this process itself.
fn watched(options: &Options) -> Vec<u32> {
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
        run: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        measured_from,
        until: measured_from + options.duration,
        left: Cell::new(options.ceremonies),
        running: Cell::new(options.clients.into()),
        ended: Notify::new(),
    });
    let tasks = LocalSet::new();
    let clients: Vec<_> = (0..usize::from(options.clients))
        .map(|number| tasks.spawn_local(Client::new(Rc::clone(&phase), number).run()))
        .collect();
    let heads = accounts.iter().map(|account| &account.heads).cycle().take(senders.into()).enumerate();
    let pressing: Vec<_> = heads
        .map(|(number, heads)| tasks.spawn_local(wrong_key_flood::press(Rc::clone(&phase), Rc::clone(heads), number)))
        .collect();
    let pids = watched(options);
    let watching = async {
        tokio::time::sleep_until(measured_from.into()).await;
        let before = (Instant::now(), read_all(&pids)?);
        // With a bounded number of ceremonies, the clients may be done before the time is over.
        let _ = tokio::time::timeout_at(phase.until.into(), phase.ended.notified()).await;
        Ok::<_, LoadError>((before, (Instant::now(), read_all(&pids)?)))
    };
    let ((from, before), (to, after)) = tasks.run_until(watching).await?;
    let panicked = |error: tokio::task::JoinError| LoadError::Setup(error.to_string());
    let (mut stats, mut pressed) = (Stats::default(), Pressure::default());
    for client in clients {
        stats.merge(tasks.run_until(client).await.map_err(panicked)?);
    }
    for sender in pressing {
        pressed.merge(tasks.run_until(sender).await.map_err(panicked)?);
    }
    Ok(Measured::new(options, stats, (senders, pressed), to - from, &before, &after))
}
