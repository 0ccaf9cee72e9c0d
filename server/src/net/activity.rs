//! Activity of a connection. The socket and the requests record it, and the future that owns the connection reads it.

use std::{
    cell::Cell,
    future::{Future, pending},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_http::{ConnectionType, Request, Response, body::BoxBody};
use actix_web::{
    Error,
    body::{BodySize, MessageBody},
    dev::{Service, ServiceResponse},
    http::StatusCode,
};
use bytes::Bytes;
use tokio::time::Instant;

use super::{connections::Open, socket::Writes, tls, transport::Transport};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was received.
    New,
    /// The head of a request has begun to arrive.
    Head,
    /// A request is in progress: its body arrives, its handler runs, or its response is written.
    Request,
    /// The client does not read the response.
    Stalled,
    /// Between two requests.
    Idle,
    /// The last response was written.
    Closing,
}

pub(super) struct Activity {
    pub(super) open: Arc<Open>,
    /// The recorded phase, which is never [`Phase::Stalled`].
    phase: Cell<Phase>,
    pub(super) writes: Rc<Writes>,
    /// Number of requests that began, plus the number of requests that ended.
    requests: Cell<u64>,
    /// Whether the current request has a response.
    responded: Cell<bool>,
    /// Whether actix-http has a response that it has not yet passed completely to the transport.
    unwritten: Cell<bool>,
    /// Whether the connection is closed after the current response.
    last: Cell<bool>,
    /// Whether actix-http rejected a request. The response of actix-http, which has no body, is discarded.
    rejected: Cell<bool>,
    /// Whether the first byte of the connection starts a TLS handshake.
    tls: Cell<bool>,
    /// The transport, after actix-http has released it; `None` before.
    pub(super) released: Cell<Option<Transport>>,
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Activity").field("phase", &self.phase()).finish_non_exhaustive()
    }
}

impl Activity {
    pub(super) fn new(open: Arc<Open>) -> Self {
        Self {
            open,
            phase: Cell::new(Phase::New),
            writes: Rc::default(),
            requests: Cell::default(),
            responded: Cell::default(),
            unwritten: Cell::default(),
            last: Cell::default(),
            rejected: Cell::default(),
            tls: Cell::default(),
            released: Cell::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.get() {
            // The timeout for the first request head also covers writes that stall during the TLS handshake.
            Phase::New => Phase::New,
            _ if self.writes.stalled.get() => Phase::Stalled,
            phase => phase,
        }
    }

    /// Returns a number that changes with each request and each successful write.
    pub(super) fn progress(&self) -> u64 {
        self.requests.get().wrapping_add(self.writes.count.get())
    }

    pub(super) fn rejected(&self) -> bool {
        self.rejected.get()
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls.get()
    }

    pub(super) fn received(&self, bytes: &[u8]) {
        match self.phase.get() {
            Phase::New => self.tls.set(bytes.first() == Some(&tls::HANDSHAKE)),
            Phase::Idle => {}
            _ => return,
        }
        self.phase.set(Phase::Head);
    }

    /// Records that actix-http has passed all its output to the transport.
    pub(super) fn flushed(&self) {
        self.unwritten.set(false);
    }

    /// Returns whether a response can be sent now: a request is in progress, it has no response yet, and every earlier
    /// response was passed completely to the transport.
    pub(super) fn can_respond(&self) -> bool {
        self.phase() == Phase::Request && !self.responded.get() && !self.unwritten.get()
    }

    /// Returns whether the bytes that actix-http writes now are a rejection that actix-http itself generated, and
    /// records a rejection.
    pub(super) fn reject(&self) -> bool {
        let rejects = self.phase.get() != Phase::Request && !self.unwritten.get();
        self.rejected.set(self.rejected.get() || rejects);
        rejects
    }

    fn count(&self) {
        self.requests.set(self.requests.get().wrapping_add(1));
    }
}

/// Passes a request to the application, and records when the request begins and when the response ends.
pub(super) fn track<A, B>(
    request: Request,
    application: &A,
) -> impl Future<Output = Result<Response<TrackedBody>, Error>> + use<A, B>
where
    A: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let activity = request.conn_data::<Rc<Activity>>().cloned();
    let evicted = activity.as_ref().is_some_and(|activity| !activity.open.begin_request());
    let in_progress = activity.map(InProgress::new);
    let response = (!evicted).then(|| application.call(request));
    async move {
        // An evicted connection gets no response: the future of the connection closes it.
        let Some(response) = response else { return pending().await };
        let mut response: Response<BoxBody> = match response.await {
            Ok(response) => Response::from(response).map_into_boxed_body(),
            Err(error) => error.error_response().into(),
        };
        if let Some(InProgress(activity)) = &in_progress {
            activity.responded.set(true);
            // A refused body is not read to its end, so the connection cannot be used for another request.
            let refused_body = matches!(response.status(), StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE);
            if refused_body || activity.open.is_last_response() {
                response.head_mut().set_connection_type(ConnectionType::Close);
                activity.last.set(true);
            }
        }
        Ok(response.map_body(|_, body| TrackedBody { body, _in_progress: in_progress }))
    }
}

/// A request in progress. Dropped with the response body, or with the handler if the client disconnects first.
struct InProgress(Rc<Activity>);

impl InProgress {
    fn new(activity: Rc<Activity>) -> Self {
        activity.phase.set(Phase::Request);
        activity.responded.set(false);
        activity.count();
        Self(activity)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.phase.set(if self.0.last.get() { Phase::Closing } else { Phase::Idle });
        self.0.unwritten.set(true);
        self.0.count();
        // This must happen before the last write, so that the connection counts as waiting as soon as the client has
        // the response.
        self.0.open.set_waiting_since(Some(Instant::now()));
    }
}

pub(super) struct TrackedBody {
    body: BoxBody,
    _in_progress: Option<InProgress>,
}

impl MessageBody for TrackedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
