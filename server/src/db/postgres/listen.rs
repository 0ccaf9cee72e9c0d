//! Listens for changes by other nodes and detects when notifications no longer arrive.

use std::{
    convert::Infallible,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use diesel_async::async_connection_wrapper::BlockOn as _;
use tokio::sync::watch;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, error::SqlState};

use super::{
    super::{change_counter::ChangeCounter, error::DbError, process_lock},
    connect::{FIRST_BACKOFF, Target},
    lock_state::LockState,
    runtime::ThreadRuntime,
};

/// Channel for notifications between nodes.
pub(super) const CHANNEL: &str = "doorward_changes";
/// Interval of the connection checks, and timeout of each check. A lost connection is detected within twice this time.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Maximum delay between two attempts to connect. It is short, because no request is served in the meantime.
const MAX_LISTEN_BACKOFF: Duration = Duration::from_millis(250);
pub(super) const SESSION_ID: &str = "SELECT pg_backend_pid()";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockAttempt {
    Held,
    /// Another process holds the lock.
    Refused,
    Unknown,
}

/// Listens for changes and holds the process lock.
pub(super) struct Listener {
    pub(super) target: Arc<Target>,
    pub(super) change_counter: Arc<ChangeCounter>,
    pub(super) lock: Arc<LockState>,
    /// Whether the listener takes the exclusive lock.
    pub(super) exclusive: bool,
}

impl Listener {
    /// Listens until the database is closed. Sends the result of every attempt to take the process lock; the receiver
    /// uses only the first result. While the listener is disconnected, the change counter disables caching, and no unit
    /// of work runs.
    pub(super) fn run(&self, stopped: &watch::Receiver<()>, lock_attempts: &mpsc::Sender<LockAttempt>) {
        let Ok(runtime) = ThreadRuntime::current() else { return };
        let mut listen = || runtime.block_on(self.listen(stopped.clone(), lock_attempts));
        while catch_unwind(AssertUnwindSafe(&mut listen)).is_err() {
            self.disconnected();
            std::thread::sleep(FIRST_BACKOFF);
        }
    }

    fn disconnected(&self) {
        self.lock.set(false);
        self.change_counter.set_listening(false);
    }

    async fn listen(&self, mut stopped: watch::Receiver<()>, lock_attempts: &mpsc::Sender<LockAttempt>) {
        let mut backoff = FIRST_BACKOFF;
        let report = |attempt| {
            let _ = lock_attempts.send(attempt);
        };
        loop {
            let mut connected = false;
            let error = tokio::select! {
                Err(error) = self.listen_once(&mut connected, report) => error,
                _ = stopped.changed() => return,
            };
            report(LockAttempt::Unknown);
            self.disconnected();
            tracing::warn!(%error, "cannot hold the process lock: every request gets a 503 response");
            backoff = if connected { FIRST_BACKOFF } else { (backoff * 2).min(MAX_LISTEN_BACKOFF) };
            tokio::select! {
                () = tokio::time::sleep(backoff) => {}
                _ = stopped.changed() => return,
            }
        }
    }

    /// Connects and listens until the connection fails.
    async fn listen_once(&self, connected: &mut bool, report: impl Fn(LockAttempt)) -> Result<Infallible, DbError> {
        let unavailable = |error: tokio_postgres::Error| DbError::Unavailable(error.to_string());
        let (client, mut connection) = self.target.open().await?;
        let notifications = async {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(_) = message.map_err(unavailable)? {
                    self.change_counter.increment();
                }
            }
            Err(DbError::Unavailable("the listening connection was closed".to_owned()))
        };
        let heartbeat = async {
            // `pg_stat_activity` shows this name to administrators.
            client.batch_execute("SET application_name = 'doorward listen'").await.map_err(unavailable)?;
            let listening = listen(&client).await.map_err(unavailable)?;
            self.change_counter.set_supported(listening);
            if !self.take_lock(&client).await.map_err(unavailable)? {
                report(LockAttempt::Refused);
                return Err(process_lock::refused(self.exclusive));
            }
            self.lock.set(true);
            report(LockAttempt::Held);
            let session = query_value(&client, SESSION_ID).await.map_err(unavailable)?;
            *connected = true;
            self.change_counter.set_listening(listening);
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Ok(current) = tokio::time::timeout(HEARTBEAT, query_value(&client, SESSION_ID)).await else {
                    return Err(DbError::Unavailable("the listening connection does not respond".to_owned()));
                };
                if current.map_err(unavailable)? != session {
                    // LISTEN applies to one session, so notifications to another session are lost.
                    let reason = "a connection pooler changes sessions; configure it for session pooling";
                    return Err(DbError::Unavailable(reason.to_owned()));
                }
            }
        };
        tokio::select! {
            ended = notifications => ended,
            ended = heartbeat => ended,
        }
    }

    /// Takes the process lock. Returns `false` if another process holds it. PostgreSQL may take a moment to end the
    /// sessions of a process that has ended. The attempt to take the exclusive lock is therefore repeated for
    /// [`process_lock::SESSION_END`].
    async fn take_lock(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let mode = if self.exclusive { "" } else { "_shared" };
        let lock = format!("SELECT pg_try_advisory_lock{mode}({})", process_lock::ADVISORY_LOCK);
        let start = Instant::now();
        while query_value(client, &lock).await?.as_deref() != Some("t") {
            if !self.exclusive || start.elapsed() >= process_lock::SESSION_END {
                return Ok(false);
            }
            tokio::time::sleep(process_lock::RETRY_INTERVAL).await;
        }
        Ok(true)
    }
}

/// Begins to receive notifications. Returns `false` if the server does not support notifications.
async fn listen(client: &Client) -> Result<bool, tokio_postgres::Error> {
    const UNKNOWN_STATEMENT: [SqlState; 2] = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::SYNTAX_ERROR];
    match client.batch_execute(&format!("LISTEN {CHANNEL}")).await {
        Err(error) if error.code().is_some_and(|code| UNKNOWN_STATEMENT.contains(code)) => {
            tracing::warn!(
                "the database has no notifications: this node caches nothing and reads all data in each request"
            );
            Ok(false)
        }
        listening => listening.map(|()| true),
    }
}

/// Returns the first column of the first row.
pub(super) async fn query_value(client: &Client, query: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let rows = client.simple_query(query).await?;
    Ok(rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
