//! The threads that serve requests. Each has its own instance of the application.

use std::{io, rc::Rc, sync::Arc, thread, time::Duration};

use actix_http::{HttpService, KeepAlive, Request};
use actix_service::{IntoServiceFactory, apply_fn_factory, map_config};
use actix_web::dev::{AppConfig, Service, ServiceFactory as _};
use tokio::{
    runtime,
    sync::mpsc,
    task::{LocalSet, spawn_local},
};

use super::{
    activity::{self, TrackedBody},
    application::Application,
    bound::Connected,
    connection,
    connections::Admitted,
    peer::Peer,
    shared::{LINGER, Shared},
    stream::Stream,
};

/// A connection that a worker has to serve.
pub(super) struct Accepted {
    pub(super) socket: Connected,
    pub(super) peer: Peer,
    pub(super) admitted: Admitted,
}

/// The running workers. Dropping this value ends the workers and closes their connections.
pub(super) struct Workers {
    workers: Vec<mpsc::UnboundedSender<Accepted>>,
    next: usize,
}

impl Workers {
    /// Starts the threads. Each one drops its clone of `running` when it ends.
    pub(super) fn start<F, I, S>(shared: &Arc<Shared>, running: &mpsc::Sender<()>, application: &F) -> io::Result<Self>
    where
        F: Fn() -> I + Clone + Send + 'static,
        I: IntoServiceFactory<S, Request>,
        S: Application,
    {
        let mut workers = Vec::new();
        for number in 0..shared.listening.workers {
            // The channel itself has no limit, but the number of accepted connections is limited.
            let (sender, receiver) = mpsc::unbounded_channel();
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let (shared, running, application) = (Arc::clone(shared), running.clone(), application.clone());
            let run = move || {
                LocalSet::new().block_on(&runtime, work(shared, application, receiver));
                drop(running);
            };
            thread::Builder::new().name(format!("doorward-http-{number}")).spawn(run)?;
            workers.push(sender);
        }
        Ok(Self { workers, next: 0 })
    }

    /// Passes a connection to the next worker.
    pub(super) fn dispatch(&mut self, accepted: Accepted) {
        self.next = self.next.wrapping_add(1);
        let count = self.workers.len();
        let mut accepted = Some(accepted);
        for offset in 0..count {
            let worker = self.workers.get(self.next.wrapping_add(offset) % count);
            match (worker, accepted.take()) {
                (Some(worker), Some(connection)) => {
                    accepted = worker.send(connection).err().map(|mpsc::error::SendError(connection)| connection);
                }
                _ => return,
            }
        }
    }
}

/// Serves connections until the channel is closed.
async fn work<F, I, S>(shared: Arc<Shared>, application: F, mut accepted: mpsc::UnboundedReceiver<Accepted>)
where
    F: Fn() -> I,
    I: IntoServiceFactory<S, Request>,
    S: Application,
{
    let http = HttpService::<Stream, _, TrackedBody>::build()
        // The module `connection` enforces all timeouts of requests and responses.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(LINGER)
        .on_connect_ext(|stream: &Stream, data| {
            data.insert(Rc::clone(stream.activity()));
        })
        .h1(apply_fn_factory(
            map_config(application().into_factory(), |()| AppConfig::default()),
            |request, application: &S::Service| activity::track(request, application),
        ));
    let http = match http.new_service(()).await {
        Ok(http) => Rc::new(http),
        Err(()) => return tracing::error!("a thread that serves requests cannot start"),
    };
    while let Some(Accepted { socket, peer, admitted }) = accepted.recv().await {
        let (http, shared) = (Rc::clone(&http), Arc::clone(&shared));
        spawn_local(async move {
            connection::serve(socket, peer, &admitted, &shared, |stream| http.call((stream, peer.address()))).await;
        });
    }
}
