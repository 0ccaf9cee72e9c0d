//! Serves one connection. Closes it if the client is too slow, if a new connection needs its slot, or if the server
//! stops.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_http::error::DispatchError;
use tokio::time::{Instant, Sleep, sleep};

use super::{
    activity::{Activity, Phase},
    bound::Connected,
    connections::{Admitted, Open},
    peer::Peer,
    rejection::Rejection,
    shared::{IDLE_WHILE_STOPPING, LINGER, Listening, Shared},
    socket::Socket,
    stream::Stream,
    tls::HandshakeError,
    transport::Transport,
};

enum End {
    /// actix-http has closed the connection, or the TLS handshake did not complete.
    Closed(Result<(), Failure>),
    /// The client was too slow in this phase.
    TimedOut(Phase),
    /// The connection was closed in this phase to make room for another connection.
    Evicted(Phase),
}

enum Failure {
    Handshake(HandshakeError),
    Http(DispatchError),
    /// actix-http has closed the connection although a request was in progress. The only reason for this is an invalid
    /// chunk in the request body.
    InvalidChunk,
}

/// Serves the requests of a connection. `http` returns the future of actix-http for a stream.
pub(super) async fn serve<F>(
    connected: Connected,
    peer: Peer,
    admitted: &Admitted,
    shared: &Shared,
    http: impl FnOnce(Stream) -> F,
) where
    F: Future<Output = Result<(), DispatchError>>,
{
    let activity = Rc::new(Activity::new(admitted.0.clone()));
    let Ok(socket) = Socket::new(connected, Rc::clone(&activity.writes)) else { return };
    let end = {
        let served = async {
            let transport = match &shared.tls {
                Some(tls) => Transport::Tls(Box::new(tls.accept(socket).await.map_err(Failure::Handshake)?)),
                None => Transport::Plain(socket),
            };
            let mut http = pin!(http(Stream::new(transport, Rc::clone(&activity))));
            http.as_mut().await.map_err(Failure::Http)?;
            // Check this before the future of actix-http is dropped, because dropping it ends the request in progress.
            if activity.can_respond() { Err(Failure::InvalidChunk) } else { Ok(()) }
        };
        run(pin!(served), &activity, &shared.listening).await
    };
    let (rejection, respond) = match end {
        End::TimedOut(Phase::Head) => (Rejection::HEAD_TIMEOUT, true),
        End::Closed(Err(Failure::InvalidChunk)) => (Rejection::INVALID_CHUNK, true),
        // If the rejected request was pipelined, actix-http has already sent a response without a body, so nothing more
        // is sent.
        End::Closed(Err(Failure::Http(DispatchError::Parse(error)))) => {
            (Rejection::new(&error, activity.is_tls(), peer), activity.rejected())
        }
        End::Closed(Err(Failure::Handshake(HandshakeError::NoTls(socket)))) => {
            activity.released.set(Some(Transport::Plain(socket)));
            (Rejection::TLS_REQUIRED, true)
        }
        End::Closed(Err(Failure::Handshake(HandshakeError::Failed(error)))) => {
            return tracing::info!(%peer, cause = %error, "TLS handshake failed");
        }
        End::Closed(Err(Failure::Http(error @ (DispatchError::Body(_) | DispatchError::InternalError)))) => {
            tracing::error!(%peer, cause = %error, "connection aborted");
            return;
        }
        End::TimedOut(Phase::Stalled) | End::Evicted(Phase::Stalled) => {
            // A reset also frees the unsent bytes. Without a reset, the kernel would keep them for minutes.
            let _ = activity.released.take().map(|transport| transport.socket().discard_unsent());
            return;
        }
        End::Closed(_) | End::TimedOut(_) | End::Evicted(_) => return,
    };
    let request_id = (shared.new_request_id)();
    let (status, code) = (rejection.status(), rejection.code());
    tracing::info!(request_id, %peer, status, %code, reason = rejection.details, "request refused");
    if respond && let Some(transport) = activity.released.take() {
        send(rejection, transport, &request_id, &admitted.0).await;
    }
}

/// Sends a rejection. Gives up after [`LINGER`], or when the connection is evicted.
async fn send(rejection: Rejection, transport: Transport, request_id: &str, open: &Open) {
    let evicted = poll_fn(|context| {
        open.register(context.waker());
        if open.is_evicted() { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::select! {
        _ = rejection.send(transport, request_id) => {}
        () = evicted => {}
        () = sleep(LINGER) => {}
    }
}

/// Polls `http`, which includes the TLS handshake, until it completes or until the connection must be closed.
async fn run<F>(mut http: Pin<&mut F>, activity: &Activity, listening: &Listening) -> End
where
    F: Future<Output = Result<(), Failure>>,
{
    let mut watch = Watch::new(activity);
    let mut timer = pin!(sleep(listening.head_timeout));
    poll_fn(|context| {
        activity.open.register(context.waker());
        loop {
            if let Poll::Ready(result) = http.as_mut().poll(context) {
                return Poll::Ready(End::Closed(result));
            }
            watch.update(activity);
            if activity.open.is_evicted() {
                return Poll::Ready(End::Evicted(watch.phase));
            }
            if watch.wait(activity, listening, timer.as_mut(), context).is_pending() {
                return Poll::Pending;
            }
            if watch.phase != Phase::Stalled || watch.probed {
                return Poll::Ready(End::TimedOut(watch.phase));
            }
            // Polls actix-http once more, so that it tries to write again.
            watch.probed = true;
        }
    })
    .await
}

/// The phase of a connection, and the time of its last progress.
struct Watch {
    phase: Phase,
    progress: u64,
    since: Instant,
    /// Whether actix-http was polled once more since the last progress. This poll makes it try to write again.
    probed: bool,
    /// Time at which this connection detected that the server is stopping; `None` until then.
    stopping_since: Option<Instant>,
}

impl Watch {
    fn new(activity: &Activity) -> Self {
        let (phase, progress) = (activity.phase(), activity.progress());
        Self { phase, progress, since: Instant::now(), probed: false, stopping_since: None }
    }

    fn update(&mut self, activity: &Activity) {
        let (phase, progress) = (activity.phase(), activity.progress());
        if (phase, progress) == (self.phase, self.progress) {
            return;
        }
        // The timeout for the first request head starts when the connection is accepted. It includes the TLS handshake.
        if !matches!((self.phase, phase), (Phase::New, Phase::New | Phase::Head)) {
            self.since = Instant::now();
        }
        (self.phase, self.progress, self.probed) = (phase, progress, false);
        // For an idle or closing connection, the end of the request has already recorded the start of the wait.
        if !matches!(phase, Phase::Idle | Phase::Closing) {
            activity.open.set_waiting_since((phase != Phase::Request).then_some(self.since));
        }
    }

    /// Returns `Ready` when the timeout of the current phase has expired.
    fn wait(
        &mut self,
        activity: &Activity,
        listening: &Listening,
        mut timer: Pin<&mut Sleep>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let time = time_limit(self.phase, listening);
            let mut deadline = self.since + time.unwrap_or(listening.keep_alive);
            if activity.open.is_stopping() && matches!(self.phase, Phase::New | Phase::Idle) {
                let stopping_since = *self.stopping_since.get_or_insert_with(Instant::now);
                deadline = deadline.min(stopping_since + IDLE_WHILE_STOPPING);
            }
            // Moving a timer to a later time is more expensive than waking up too early. The timer is therefore moved
            // to a later time only after it has fired.
            if time.is_some() && deadline < timer.deadline() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            match time {
                Some(_) if deadline <= now => return Poll::Ready(()),
                Some(_) => timer.as_mut().reset(deadline),
                None => timer.as_mut().reset(now + listening.keep_alive),
            }
        }
    }
}

/// Returns the timeout of a phase; `None` for requests in progress, whose handlers have their own timeouts.
fn time_limit(phase: Phase, listening: &Listening) -> Option<Duration> {
    match phase {
        Phase::New | Phase::Head => Some(listening.head_timeout),
        Phase::Request => None,
        Phase::Stalled => Some(listening.write_timeout),
        Phase::Idle => Some(listening.keep_alive),
        Phase::Closing => Some(LINGER),
    }
}
