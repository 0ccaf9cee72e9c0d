//! The thread that accepts connections.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    connections::Admission,
    shared::Shared,
    worker::{Accepted, Workers},
};

/// Pause after a failed accept.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// Maximum number of connections that are accepted after the stop: the usual length of the kernel's queue.
const MAX_QUEUED: usize = 1_024;
/// Maximum number of unsent bytes that the kernel buffers for a connection. Without this limit, the kernel would buffer
/// megabytes, and a response that the client does not read would look complete.
const MAX_UNSENT: u32 = 16 * 1024;

pub(super) struct Acceptor {
    pub(super) shared: Arc<Shared>,
    pub(super) workers: Workers,
    /// Completes when the listener must be closed.
    pub(super) stopped: oneshot::Receiver<()>,
    /// Receives the workers after the listener was closed.
    pub(super) release: oneshot::Sender<Workers>,
}

impl Acceptor {
    /// Starts the thread. `running` is dropped when the thread ends.
    pub(super) fn start(self, listener: TcpListener, running: mpsc::Sender<()>) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        // Connections inherit the option from their listener.
        SockRef::from(&listener).set_tcp_notsent_lowat(MAX_UNSENT)?;
        let queue = listener.try_clone()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let run = move || {
            runtime.block_on(self.run(listener, queue));
            drop(running);
        };
        thread::Builder::new().name("doorward-accept".to_owned()).spawn(run).map(drop)
    }

    async fn run(mut self, listener: tokio::net::TcpListener, queue: TcpListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = &mut self.stopped => break,
                accepted = listener.accept() => accepted,
            };
            match accepted.and_then(|(socket, peer)| Ok((socket.into_std()?, peer))) {
                Ok((socket, peer)) => self.dispatch(socket, peer).await,
                Err(error) => self.failed(&error).await,
            }
        }
        // Accepts the connections in the kernel's queue, so that only later connections are refused.
        for (socket, peer) in std::iter::from_fn(|| queue.accept().ok()).take(MAX_QUEUED) {
            if socket.set_nonblocking(true).is_ok() {
                self.dispatch(socket, peer).await;
            }
        }
        drop((listener, queue));
        let _ = self.release.send(self.workers);
    }

    async fn dispatch(&mut self, socket: TcpStream, peer: SocketAddr) {
        let admission = self.shared.connections.admit(peer.ip()).await;
        let closed = match admission {
            Admission::Free(_) => None,
            Admission::Replaced(_) => Some("the longest idle one"),
            Admission::Refused => Some("the new one, because none is idle"),
        };
        if let Some(closed) = closed {
            tracing::warn!(%peer, closed, "too many connections");
        }
        if let Admission::Free(admitted) | Admission::Replaced(admitted) = admission {
            self.workers.dispatch(Accepted { socket, peer, admitted });
        }
    }

    async fn failed(&self, error: &io::Error) {
        tracing::error!(%error, "cannot accept connections");
        // The limit of open files may be reached. Closing the longest waiting connection frees a descriptor.
        self.shared.connections.close_longest_waiting();
        sleep(RETRY_AFTER).await;
    }
}
