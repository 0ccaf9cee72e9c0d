//! Forwards the audit log to webhooks, files and standard output: every entry at least once, in the order of commit.
//!
//! One task per target reads entries after the stored position, delivers them, and then stores the new position. Only
//! the node that holds the lease of a target forwards to it. Requests never wait for a target, and memory holds one
//! batch per target.

mod address;
mod lines;
mod webhook;

use std::{sync::Arc, time::Duration};

use doorward_shared::{AuditId, Timestamp, audit::AdminAuditLogItem};
use tokio::{task::JoinHandle, time::sleep};

pub use self::{
    address::AllowedNetworks,
    webhook::{SIGNATURE, WebhookOptions},
};
use self::{lines::Output, webhook::Webhook};
use crate::{
    app::App,
    clock,
    domain::forward_target::ForwardTarget,
    metrics::ForwardMetrics,
    service::forwarding::{self, Held},
};

/// Pause between two checks for new entries.
const POLL: Duration = Duration::from_millis(500);
/// Pause between two attempts to acquire a lease that another node holds.
const LEASE_POLL: Duration = Duration::from_secs(5);
/// Pause after the first failure. The pause doubles with each further failure, up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Maximum size of a batch in bytes. A larger entry is sent as a batch of its own.
const BATCH_BYTES: usize = 256 * 1024;

/// Running tasks, one per target. They stop when this value is dropped.
#[derive(Debug, Default)]
pub struct Forwarding {
    tasks: Vec<JoinHandle<()>>,
    targets: Vec<ForwardTarget>,
    /// Name of this node in leases.
    node: String,
}

impl Forwarding {
    /// Stops the tasks. A batch whose delivery is interrupted is sent again later.
    pub async fn stop(&mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            let _ = task.await;
        }
    }

    /// Releases the leases of stopped tasks. Otherwise the next start would wait until the leases expire.
    pub async fn release(self, app: &App) {
        for target in &self.targets {
            if let Err(error) = forwarding::release(app, target, &self.node).await {
                tracing::warn!(%error, "could not release the lease of a receiver of audit entries");
            }
        }
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Where the entries of a target are written or sent.
enum Sink {
    Stdout(Output),
    File(std::path::PathBuf),
    Webhook(Box<Webhook>),
}

/// Targets to which [`start`] can forward.
pub struct Targets(Vec<(ForwardTarget, Sink)>);

impl Targets {
    /// Prepares the targets without connecting to them.
    ///
    /// # Errors
    /// The reason why a webhook cannot be used, such as invalid CA certificates.
    pub fn new(targets: &[ForwardTarget], webhooks: Option<&WebhookOptions>) -> Result<Self, String> {
        let sink = |target: &ForwardTarget| {
            let sink = match target {
                ForwardTarget::Stdout => Sink::Stdout(Output::default()),
                ForwardTarget::File(path) => Sink::File(path.clone()),
                ForwardTarget::Webhook(url) => {
                    let options = webhooks.ok_or("a webhook needs a secret")?;
                    Sink::Webhook(Box::new(Webhook::new(url.clone(), options)?))
                }
            };
            Ok((target.clone(), sink))
        };
        targets.iter().map(sink).collect::<Result<_, String>>().map(Self)
    }
}

/// Starts forwarding to each target.
pub fn start(app: &Arc<App>, targets: Targets) -> Forwarding {
    let node = clock::random_uuid(app.entropy.as_ref()).unwrap_or_default().to_string();
    let leased = targets.0.iter().map(|(target, _)| target.clone()).collect();
    let tasks = targets.0.into_iter().enumerate().map(|(index, (target, sink))| {
        let label = format!("{}-{}", target.kind(), index + 1);
        let metrics = app.metrics.forwarding(&label);
        let forwarder = Forwarder { app: Arc::clone(app), node: node.clone(), target, sink, label, metrics };
        tokio::spawn(forwarder.run())
    });
    Forwarding { tasks: tasks.collect(), targets: leased, node: node.clone() }
}

/// Forwards to one target.
struct Forwarder {
    app: Arc<App>,
    node: String,
    target: ForwardTarget,
    sink: Sink,
    /// Name of the target in logs and metrics.
    label: String,
    metrics: ForwardMetrics,
}

/// Next step after a successful [`Forwarder::round`].
enum Next {
    /// Begin another round at once, because there may be more entries.
    Continue(Held),
    /// Wait for new entries, because the target has received all entries.
    Wait(Held),
    /// Wait for the lease, because another node holds it.
    Leave,
}

impl Forwarder {
    async fn run(self) {
        let (mut held, mut failures) = (None, 0);
        loop {
            let pause = match self.round(held.take()).await {
                Ok(next) => {
                    failures = 0;
                    let pause = match &next {
                        Next::Continue(_) => Duration::ZERO,
                        Next::Wait(_) => POLL,
                        Next::Leave => LEASE_POLL,
                    };
                    held = match next {
                        Next::Continue(lease) | Next::Wait(lease) => Some(lease),
                        Next::Leave => None,
                    };
                    pause
                }
                Err(reason) => {
                    self.metrics.failures.increment(1);
                    tracing::warn!(receiver = %self.label, reason, "audit entries could not be forwarded and will be sent again");
                    failures += 1;
                    backoff(failures)
                }
            };
            sleep(pause).await;
        }
    }

    /// Delivers one batch. After an error, the next round acquires the lease again.
    async fn round(&self, held: Option<Held>) -> Result<Next, String> {
        let app = self.app.as_ref();
        let failed = |error: crate::db::DbError| error.to_string();
        let held = match held {
            Some(held) => held.renew(app).await.map_err(failed)?,
            None => forwarding::acquire(app, &self.target, &self.node).await.map_err(failed)?,
        };
        let Some(held) = held else {
            self.metrics.lag.set(0.0);
            return Ok(Next::Leave);
        };
        let entries = held.next_entries(app).await.map_err(|error| error.to_string())?;
        let Some(oldest) = entries.first() else {
            self.metrics.lag.set(0.0);
            return Ok(Next::Wait(held));
        };
        let (body, count, last) = batch(&entries)?;
        self.deliver_and_show_lag(body, oldest.entry.created_at).await?;
        self.metrics.forwarded.increment(count);
        let advanced = held.advance(app, last).await.map_err(failed)?;
        Ok(advanced.map_or(Next::Leave, Next::Continue))
    }

    /// Delivers a batch. Updates [`ForwardMetrics::lag`], the age of the batch's oldest entry, until the delivery ends,
    /// because a slow target may block the delivery for hours.
    async fn deliver_and_show_lag(&self, body: Vec<u8>, oldest: Timestamp) -> Result<(), String> {
        let mut delivery = std::pin::pin!(self.deliver(body));
        loop {
            self.metrics.lag.set(age(oldest, self.app.clock.now()));
            tokio::select! {
                result = &mut delivery => return result,
                () = sleep(POLL) => {}
            }
        }
    }

    async fn deliver(&self, body: Vec<u8>) -> Result<(), String> {
        match &self.sink {
            Sink::Stdout(output) => output.print(body).await,
            Sink::File(path) => lines::append(path.clone(), body).await,
            Sink::Webhook(webhook) => webhook.send(body, self.app.clock.now()).await,
        }
    }
}

fn age(at: Timestamp, now: Timestamp) -> f64 {
    now.millis().saturating_sub(at.millis()).max(0) as f64 / 1_000.0
}

fn backoff(failures: u32) -> Duration {
    MIN_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(MAX_BACKOFF)
}

/// Returns the entries that fit in one batch as lines of JSON, their number, and the id of the last one.
fn batch(entries: &[AdminAuditLogItem]) -> Result<(Vec<u8>, u64, AuditId), String> {
    let (mut body, mut count, mut last) = (Vec::new(), 0, AuditId::new(uuid::Uuid::nil()));
    for entry in entries {
        let line = serde_json::to_vec(entry).map_err(|error| error.to_string())?;
        if count > 0 && body.len() + line.len() >= BATCH_BYTES {
            break;
        }
        body.extend_from_slice(&line);
        body.push(b'\n');
        (count, last) = (count + 1, entry.entry.id);
    }
    Ok((body, count, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        let seconds: Vec<f64> = (1..=8).map(|failures| backoff(failures).as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(backoff(u32::MAX), MAX_BACKOFF);
    }
}
