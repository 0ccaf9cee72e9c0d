//! HTTP/1.1 over TCP or Unix sockets, with or without TLS: accepts, limits and closes connections.
//!
//! actix-http parses requests and writes responses. This module owns the transport that actix-http uses ([`stream`])
//! and the future that polls actix-http ([`connection`]), so it knows what each connection waits for. [`connections`]
//! counts the open connections. The thread of [`acceptor`] passes each new connection to one of the threads of
//! [`worker`].

mod acceptor;
mod activity;
mod application;
mod bound;
mod connection;
mod connections;
pub mod descriptors;
mod peer;
mod rejection;
mod shared;
mod socket;
mod stream;
mod tls;
mod transport;
mod unix_socket;
mod worker;

use std::{fmt, io, net::TcpListener, sync::Arc, time::Duration};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use ipnet::IpNet;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use self::{acceptor::Acceptor, connections::Connections, shared::Shared, worker::Workers};
pub use self::{
    application::Application,
    bound::BoundSocket,
    shared::{Listening, NewRequestId},
    tls::{Tls, TlsError, TlsFiles},
    unix_socket::{UnixSocket, UnixSocketError},
};

/// Maximum time to wait for the threads to end after all connections were closed.
const THREAD_END: Duration = Duration::from_secs(1);

/// A running server. Dropping it closes the listener and all connections.
pub struct Serving {
    connections: Arc<Connections>,
    /// Channel for the signal that closes the listener.
    stop: oneshot::Sender<()>,
    /// Channel that receives the workers after the listener was closed. Dropping the workers ends their threads.
    workers: oneshot::Receiver<Workers>,
    /// Channel that is closed when all threads have ended.
    ended: mpsc::Receiver<()>,
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// Serves an actix-web application on separate threads.
///
/// Addresses in `trusted_proxies` may have any number of connections, up to the total limit.
///
/// # Errors
/// An error if the listener cannot be used or a thread cannot be started.
pub fn serve<F, I, S>(
    listener: Listener,
    listening: Listening,
    trusted_proxies: Vec<IpNet>,
    new_request_id: NewRequestId,
    application: F,
) -> io::Result<Serving>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: Application,
{
    let Listener { socket, tls } = listener;
    let connections = Arc::new(Connections::new(listening.max_connections, trusted_proxies));
    let shared = Arc::new(Shared { listening, connections: Arc::clone(&connections), new_request_id, tls });
    let (running, ended) = mpsc::channel(1);
    let (stop, stopped) = oneshot::channel();
    let (release, workers) = oneshot::channel();
    let started = Workers::start(&shared, &running, &application)?;
    Acceptor { shared, workers: started, stopped, release }.start(socket, running)?;
    Ok(Serving { connections, stop, workers, ended })
}

/// A bound socket, and how its connections are encrypted.
#[derive(Debug)]
pub struct Listener {
    pub socket: BoundSocket,
    /// TLS configuration; `None` for plain HTTP. With TLS, plain HTTP is refused.
    pub tls: Option<Arc<Tls>>,
}

impl From<TcpListener> for Listener {
    /// Creates a listener for plain HTTP.
    fn from(socket: TcpListener) -> Self {
        Self { socket: BoundSocket::Tcp(socket), tls: None }
    }
}

impl Serving {
    /// Returns the number of open connections.
    pub fn open_connections(&self) -> usize {
        self.connections.open()
    }

    /// Returns a function that returns the number of open connections.
    pub fn connection_counter(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let connections = Arc::clone(&self.connections);
        move || connections.open()
    }

    /// Closes each connection after its next response, so that clients move to other servers.
    pub fn drain(&self) {
        self.connections.drain();
    }

    /// Closes the listener and waits at most `grace` for the requests in progress.
    pub async fn stop(mut self, grace: Duration) {
        let _ = self.stop.send(());
        let workers = self.workers.await;
        self.connections.stop();
        let _ = timeout(grace, self.connections.all_closed()).await;
        drop(workers);
        let _ = timeout(THREAD_END, self.ended.recv()).await;
    }
}
