//! `doorward serve`: runs both APIs until a stop signal.

use std::{sync::Arc, time::Duration};

use futures_util::future::{join, join_all};
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep, timeout_at},
};

use super::{CliError, certificates::Certificates, demo_file, probe_plan, start};
use crate::{
    app::App,
    config::Settings,
    domain::listen_address::ListenAddress,
    forwarding::{self, Forwarding},
    installation::Purpose,
    jobs,
    net::{BoundSocket, Tls},
    server::{self, Listener, Listening, Serving},
    traces::{Export, Exporter},
};

/// Minimum time for closing the database, even if the requests in progress took the whole `server.shutdown_timeout`.
const MIN_CLOSE_TIME: Duration = Duration::from_secs(1);

/// Permissions of the public API's Unix socket. The reverse proxy gets access as a member of the group. Other users get
/// none, because the server trusts the client addresses that a peer on this socket reports.
const PUBLIC_SOCKET_MODE: u32 = 0o660;
/// Permissions of the admin API's Unix socket. The group, to which the reverse proxy belongs, gets no access.
const ADMIN_SOCKET_MODE: u32 = 0o600;

pub(super) struct Running {
    app: Arc<App>,
    servers: Vec<Serving>,
    pub(super) public: ListenAddress,
    pub(super) admin: ListenAddress,
    _jobs: jobs::Jobs,
    /// Scheduled probes; `None` if they are off.
    probes: Option<jobs::Jobs>,
    forwarding: Forwarding,
    /// Task that sends spans; `None` if requests are not traced.
    traces: Option<Export>,
}

/// Opens the installation and serves until a signal arrives.
pub(super) async fn run(settings: &Settings) -> Result<(), CliError> {
    let _log = start::log(settings)?;
    let hangups = listen_for(SignalKind::hangup())?;
    let listening = start::listening(settings)?;
    let certificates = Certificates::load(settings)?;
    let targets = start::forward_targets(settings)?;
    probe_plan::read(settings, &settings.server.public_addr)?;
    let listeners = Listeners::bind(settings, &certificates)?;
    let app = start::open(settings, Purpose::Serve).await?.app;
    demo_file::warn_about_key(&app, &settings.data.dir).await;
    let signals = StopSignals::listen()?;
    let mut running = serve(listeners, listening, app)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public = %running.public,
        admin = %running.admin,
        data = %settings.data.dir.display(),
        database = running.app.db.engine().as_str(),
        max_connections = listening.max_connections,
        tls = settings.tls.is_some(),
        "server started"
    );
    start::warnings(settings).iter().for_each(|warning| tracing::warn!("{warning}"));
    certificates.report(&running.app);
    let app = Arc::clone(&running.app);
    tokio::spawn(certificates.watch(hangups, move |certificates| certificates.report(&app)));
    // The probes need the port of the public API, which the system may have chosen at the start of the server.
    running.probes = probe_plan::read(settings, &running.public)?.map(|plan| jobs::start_probes(&running.app, plan));
    running.forwarding = forwarding::start(&running.app, targets);
    notify_service_manager(NotifyState::Ready);
    stop_on_signal(running, signals, settings).await
}

/// Sockets of both APIs. They are opened before the installation, so that an address in use is reported before an
/// installation is created.
pub(super) struct Listeners {
    public: Listener,
    admin: Listener,
}

impl Listeners {
    pub(super) fn bind(settings: &Settings, certificates: &Certificates) -> Result<Self, CliError> {
        let server = &settings.server;
        let public = start::bind("server.public_addr", &server.public_addr, PUBLIC_SOCKET_MODE)?;
        let admin = start::bind("server.admin_addr", &server.admin_addr, ADMIN_SOCKET_MODE)?;
        // Connections through a Unix socket do not leave the machine.
        let tls = |address: &ListenAddress, tls: &Option<Arc<Tls>>| tls.clone().filter(|_| !address.is_unix());
        Ok(Self {
            public: Listener { socket: public, tls: tls(&server.public_addr, &certificates.public) },
            admin: Listener { socket: admin, tls: tls(&server.admin_addr, &certificates.admin) },
        })
    }
}

/// Returns the address of a socket, with the port that the system has chosen.
fn address(socket: &BoundSocket) -> Result<ListenAddress, CliError> {
    match socket {
        BoundSocket::Tcp(listener) => {
            listener.local_addr().map(ListenAddress::Tcp).map_err(|error| CliError::new(error.to_string()))
        }
        BoundSocket::Unix(socket) => Ok(ListenAddress::Unix(socket.path().to_owned())),
    }
}

pub(super) fn serve(listeners: Listeners, listening: Listening, app: Arc<App>) -> Result<Running, CliError> {
    let Listeners { public: public_listener, admin: admin_listener } = listeners;
    let (public, admin) = (address(&public_listener.socket)?, address(&admin_listener.socket)?);
    let failed = |error: std::io::Error| CliError::new(format!("cannot serve: {error}"));
    let servers = vec![
        server::public(Arc::clone(&app), public_listener, listening).map_err(failed)?,
        server::admin(Arc::clone(&app), admin_listener, listening).map_err(failed)?,
    ];
    let traces = app
        .take_exporter()
        .map(Exporter::start)
        .transpose()
        .map_err(|error| CliError::new(format!("traces: {error}")))?;
    let (_jobs, forwarding) = (jobs::start(&app), Forwarding::default());
    Ok(Running { app, servers, public, admin, _jobs, probes: None, forwarding, traces })
}

impl Running {
    /// Adds a server that is stopped together with the servers of both APIs.
    pub(super) fn add(&mut self, server: Serving) {
        self.servers.push(server);
    }

    /// Makes the readiness check fail, and still serves requests for the duration `drain`. Then closes the listeners
    /// and waits for requests in progress. Finally, stores when each key was last used, and closes the database.
    async fn stop(mut self, drain: Duration, shutdown_timeout: Duration) {
        self.app.begin_stop();
        self.servers.iter().for_each(Serving::drain);
        sleep(drain).await;
        // No probe starts during the drain, so a probe that still runs has taken longer than the drain. Dropping the
        // job aborts this probe.
        drop(self.probes);
        let deadline = Instant::now() + shutdown_timeout;
        join_all(self.servers.into_iter().map(|server| server.stop(shutdown_timeout))).await;
        let close = async {
            self.forwarding.stop().await;
            // The last uses of keys are written before the leases are released, in case the timeout expires in between:
            // an unreleased lease only delays forwarding, but a last use that is not written is lost.
            if let Err(error) = self.app.key_usage.flush(&self.app.db, true).await {
                tracing::warn!(%error, "could not write the last use of keys");
            }
            self.forwarding.release(&self.app).await;
            self.app.db.close().await;
        };
        let close = timeout_at(deadline.max(Instant::now() + MIN_CLOSE_TIME), close);
        // Both futures run concurrently, so that a slow collector does not shorten the time for closing the database.
        let (closed, ()) = join(close, async {
            if let Some(traces) = self.traces {
                traces.finish().await;
            }
        })
        .await;
        if closed.is_err() {
            tracing::warn!("stopped without closing the database, which does not respond");
        }
    }
}

/// Waits for SIGTERM or SIGINT and stops the servers. A second signal ends the process.
pub(super) async fn stop_on_signal(
    running: Running,
    mut signals: StopSignals,
    settings: &Settings,
) -> Result<(), CliError> {
    let signal = signals.next().await;
    // Only SIGTERM drains: it comes from a service manager. Ctrl+C (SIGINT) comes from a person at a terminal.
    let drain = if signal == "SIGTERM" { settings.server.drain } else { Duration::ZERO };
    tracing::info!(signal, "stopping: waiting for requests in progress");
    notify_service_manager(NotifyState::Stopping);
    tokio::select! {
        () = running.stop(drain, settings.server.shutdown_timeout) => Ok(()),
        signal = signals.next() => {
            tracing::warn!(signal, "second signal: ending with requests in progress");
            std::process::exit(1)
        }
    }
}

/// Notifies systemd if it waits for notifications (`Type=notify`, see sd_notify(3)).
fn notify_service_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot notify the service manager");
    }
}

/// SIGTERM and SIGINT. While this value exists, these signals do not end the process. The value is therefore created
/// only when the server can stop in an orderly way.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> Result<Self, CliError> {
        Ok(Self { terminate: listen_for(SignalKind::terminate())?, interrupt: listen_for(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Keeps SIGHUP from ending the process.
pub(super) fn ignore_hangups() -> Result<(), CliError> {
    let hangups = listen_for(SignalKind::hangup())?;
    tokio::spawn(Certificates::default().watch(hangups, |_| ()));
    Ok(())
}

fn listen_for(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(|error| CliError::new(format!("signals: {error}")))
}
