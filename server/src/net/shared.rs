//! Limits and state that all threads of a server share.

use std::{sync::Arc, time::Duration};

use super::{connections::Connections, tls::Tls};

/// Maximum time for a client to close its side after a response with `Connection: close`.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// Time for which a connection without a request stays open while the server is stopping. Requests that arrive in this
/// time, from clients that have not noticed the stop, are still served.
pub(super) const IDLE_WHILE_STOPPING: Duration = Duration::from_millis(200);

/// Limits of one listener: its threads, timeouts and number of connections.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// Number of threads that serve requests.
    pub workers: usize,
    /// Maximum time for a client to send the head of a request. For the first request, the time starts when the
    /// connection is accepted.
    pub head_timeout: Duration,
    /// Time after which a connection without a request is closed.
    pub keep_alive: Duration,
    /// Time after which a response is aborted if the client reads nothing.
    pub write_timeout: Duration,
    /// Maximum number of open connections. One address may have at most half of this number.
    pub max_connections: usize,
}

/// Function that creates a request id. The id is used in the response to a request that could not be parsed.
pub type NewRequestId = Arc<dyn Fn() -> String + Send + Sync>;

/// What the threads of a server share.
pub(super) struct Shared {
    pub(super) listening: Listening,
    pub(super) connections: Arc<Connections>,
    pub(super) new_request_id: NewRequestId,
    pub(super) tls: Option<Arc<Tls>>,
}
