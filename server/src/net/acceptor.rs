//! The thread that accepts connections.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    bound::{BoundSocket, Connected, Waiting},
    connections::Admission,
    peer::Peer,
    shared::Shared,
    worker::{Accepted, Workers},
};

/// Pause after an error while accepting a connection.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// Maximum number of connections that are accepted after the stop signal: the usual length of the kernel's queue.
const MAX_QUEUED: usize = 1_024;

pub(super) struct Acceptor {
    pub(super) shared: Arc<Shared>,
    pub(super) workers: Workers,
    /// Completes when the listener must be closed.
    pub(super) stopped: oneshot::Receiver<()>,
    /// Channel that returns the workers to [`Serving`](super::Serving) after the listener was closed.
    pub(super) release: oneshot::Sender<Workers>,
}

impl Acceptor {
    /// Starts the thread. `running` is dropped when the thread ends.
    pub(super) fn start(self, socket: BoundSocket, running: mpsc::Sender<()>) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let waiting = {
            let _context = runtime.enter();
            socket.in_runtime()?
        };
        let run = move || {
            runtime.block_on(self.run(waiting, socket));
            drop(running);
        };
        thread::Builder::new().name("doorward-accept".to_owned()).spawn(run).map(drop)
    }

    async fn run(mut self, waiting: Waiting, mut socket: BoundSocket) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = &mut self.stopped => break,
                accepted = waiting.accept() => accepted,
            };
            match accepted {
                Ok((connected, peer)) => self.dispatch(connected, peer).await,
                Err(error) => self.failed(&error).await,
            }
        }
        // Accepts the connections that wait in the kernel's queue, so that only later connections are refused.
        socket.refuse_new_clients();
        for (connected, peer) in std::iter::from_fn(|| socket.accept_queued().ok()).take(MAX_QUEUED) {
            self.dispatch(connected, peer).await;
        }
        drop((waiting, socket));
        let _ = self.release.send(self.workers);
    }

    async fn dispatch(&mut self, socket: Connected, peer: Peer) {
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
        // The process may have reached its limit of open files. Closing the longest waiting connection frees a
        // descriptor.
        self.shared.connections.close_longest_waiting();
        sleep(RETRY_AFTER).await;
    }
}
