//! `doorward serve`: both APIs until the process is told to end.

use std::{net::SocketAddr, sync::Arc};

use actix_web::dev::{Server, ServerHandle};
use tokio::signal::unix::{SignalKind, signal};

use super::{Failed, start};
use crate::{app::App, config::Settings, jobs, server};

/// A server that runs beside the caller.
pub(super) struct Running {
    app: Arc<App>,
    handles: Vec<ServerHandle>,
    /// Where the public API listens.
    pub(super) public: SocketAddr,
    /// Where the admin API listens.
    pub(super) admin: SocketAddr,
    _jobs: jobs::Jobs,
}

/// Opens the installation and serves until a signal comes.
pub(super) async fn run(settings: &Settings) -> Result<(), Failed> {
    start::log(settings)?;
    let app = start::open(settings).await?;
    let running = listen(settings, app)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public = %running.public,
        admin = %running.admin,
        data = %settings.data.dir.display(),
        database = running.app.db.engine().as_str(),
        "Doorward serves"
    );
    let signal = ended().await?;
    tracing::info!(signal, "ending: requests under way are finished");
    running.stop().await;
    Ok(())
}

/// Serves both APIs beside the caller.
pub(super) fn listen(settings: &Settings, app: Arc<App>) -> Result<Running, Failed> {
    let listening = start::listening(settings);
    let public_listener = start::bind("server.public_addr", settings.server.public_addr)?;
    let admin_listener = start::bind("server.admin_addr", settings.server.admin_addr)?;
    let address =
        |listener: &std::net::TcpListener| listener.local_addr().map_err(|error| Failed::new(error.to_string()));
    let (public, admin) = (address(&public_listener)?, address(&admin_listener)?);
    let failed = |error: std::io::Error| Failed::new(format!("cannot listen: {error}"));
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
    Ok(Running { _jobs: jobs::start(&app), app, handles, public, admin })
}

impl Running {
    /// Finishes requests under way, writes what is noted, closes the database.
    pub(super) async fn stop(self) {
        futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
        if let Err(error) = self.app.key_usage.flush(&self.app.db, true).await {
            tracing::warn!(%error, "the last uses of keys were not written");
        }
        self.app.db.close().await;
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn ended() -> Result<&'static str, Failed> {
    let listen = |kind| signal(kind).map_err(|error| Failed::new(format!("signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
