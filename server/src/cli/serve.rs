//! `doorward serve`: runs both APIs until a stop signal.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, start};
use crate::{app::App, config::Settings, jobs, server};

/// Time after the grace period in which the database is closed.
const CLOSE: Duration = Duration::from_secs(1);

pub(super) struct Running {
    app: Arc<App>,
    handles: Vec<ServerHandle>,
    pub(super) public: SocketAddr,
    pub(super) admin: SocketAddr,
    /// Maximum time for requests in progress to finish.
    grace: Duration,
    _jobs: jobs::Jobs,
}

/// Opens the installation and serves until a signal arrives.
pub(super) async fn run(settings: &Settings) -> Result<(), CliError> {
    start::log(settings)?;
    let app = start::open(settings).await?;
    let running = listen(settings, app)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public = %running.public,
        admin = %running.admin,
        data = %settings.data.dir.display(),
        database = running.app.db.engine().as_str(),
        "server started"
    );
    let signal = stop_signal().await?;
    tracing::info!(signal, "stopping: waiting for requests in progress");
    running.stop().await;
    Ok(())
}

pub(super) fn listen(settings: &Settings, app: Arc<App>) -> Result<Running, CliError> {
    let listening = start::listening(settings);
    let public_listener = start::bind("server.public_addr", settings.server.public_addr)?;
    let admin_listener = start::bind("server.admin_addr", settings.server.admin_addr)?;
    let address =
        |listener: &std::net::TcpListener| listener.local_addr().map_err(|error| CliError::new(error.to_string()));
    let (public, admin) = (address(&public_listener)?, address(&admin_listener)?);
    let failed = |error: std::io::Error| CliError::new(format!("cannot listen: {error}"));
    let servers: [Server; 2] = [
        server::public(Arc::clone(&app), public_listener, listening).map_err(failed)?,
        server::admin(Arc::clone(&app), admin_listener, listening).map_err(failed)?,
    ];
    let handles = servers
        .into_iter()
        .map(|server| {
            let handle = server.handle();
            tokio::spawn(server);
            handle
        })
        .collect();
    Ok(Running { _jobs: jobs::start(&app), app, handles, public, admin, grace: listening.grace })
}

impl Running {
    /// Waits for requests in progress, writes the times of the last use of keys, and closes the database. Ends at most
    /// [`CLOSE`] after the grace period, even if the database does not respond.
    pub(super) async fn stop(self) {
        let stop = async {
            futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
            if let Err(error) = self.app.key_usage.flush(&self.app.db, true).await {
                tracing::warn!(%error, "could not write the last use of keys");
            }
            self.app.db.close().await;
        };
        if tokio::time::timeout(self.grace + CLOSE, stop).await.is_err() {
            tracing::warn!("the database was not closed, because it does not respond");
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_signal() -> Result<&'static str, CliError> {
    let listen = |kind| signal(kind).map_err(|error| CliError::new(format!("signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
