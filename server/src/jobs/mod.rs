//! What happens beside the requests: idempotent, so that several nodes may do it at once.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use crate::{
    app::App,
    db::{Connection, DbError},
    service::settling,
    store::{
        audit,
        challenges::{self, ChallengeKey, ExpiredChunk},
    },
};

const PURGE_EVERY: Duration = Duration::from_secs(30);
const PURGE_BATCH: i64 = 1_000;
/// Entries of the log that are deleted in one unit of work: each stands in six indexes of its own place, and every other
/// write waits for the unit.
const FORGET_BATCH: i64 = 50;
/// How long others have the database for themselves before the next such unit.
const FORGET_REST: Duration = Duration::from_millis(5);
const DAY_MS: i64 = 86_400_000;
const RETENTION_EVERY: Duration = Duration::from_secs(600);
const LEFT_EVERY: Duration = Duration::from_secs(30);
const SETTLE_EVERY: Duration = Duration::from_secs(5);
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// An expired challenge stays a while, so that its finalize is told that it expired, and not that it never was.
const PURGE_GRACE_MS: i64 = 10 * 60 * 1_000;

/// Jobs that run until dropped.
#[derive(Debug)]
pub struct Jobs(Vec<JoinHandle<()>>);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Starts all jobs.
#[must_use]
pub fn start(app: &Arc<App>) -> Jobs {
    Jobs(vec![
        every(PURGE_EVERY, Arc::clone(app), "purge of expired challenges", |app| async move {
            purge(&app).await?;
            app.rate_limits.forget_idle();
            Ok(())
        }),
        every(RETENTION_EVERY, Arc::clone(app), "retention of audit entries", |app| async move {
            forget(&app).await.map(drop)
        }),
        every(LEFT_EVERY, Arc::clone(app), "deletion of deleted tenants' logs", |app| async move {
            while app.db.write(|connection| audit::delete_left(connection, FORGET_BATCH)).await? {
                tokio::time::sleep(FORGET_REST).await;
            }
            Ok(())
        }),
        every(FLUSH_EVERY, Arc::clone(app), "last use of API keys", |app| async move {
            tell_overload(&app);
            app.key_usage.flush(&app.db, false).await.map(drop)
        }),
        every(SETTLE_EVERY, Arc::clone(app), "sums and indexes of the log", |app| async move {
            settling::settle(&app).await
        }),
    ])
}

/// The end of a flood of refused requests, which no later one tells of.
fn tell_overload(app: &App) {
    if let Some(left_out) = app.overloads.rest(app.stopwatch.start()) {
        tracing::error!(left_out, "requests failed: the key hashing queue was full");
    }
}

/// Deletes challenges that expired a while ago.
///
/// # Errors
/// As the database has them; the next run goes on.
pub async fn purge(app: &App) -> Result<usize, DbError> {
    let before = app.clock.now().plus_millis(-PURGE_GRACE_MS);
    let mut purged = 0;
    let mut after = ChallengeKey::default();
    loop {
        let from = after.clone();
        let chunk = app.db.read(move |connection| challenges::find_expired(connection, &from, before, PURGE_BATCH));
        let ExpiredChunk { expired, end } = chunk.await?;
        if expired > 0 {
            let (from, to) = (after, end.clone());
            let delete =
                move |connection: &mut Connection| challenges::delete_expired(connection, &from, to.as_ref(), before);
            purged += app.db.write(delete).await?;
        }
        let Some(end) = end else { return Ok(purged) };
        after = end;
    }
}

/// Deletes audit entries that are older than the operator keeps them.
///
/// # Errors
/// As the database has them; the next run goes on.
pub async fn forget(app: &App) -> Result<usize, DbError> {
    let Some(days) = app.settings.audit_retention_days else { return Ok(0) };
    let before = app.clock.now().plus_millis(-i64::from(days) * DAY_MS);
    let mut forgotten = 0;
    let mut after = None;
    loop {
        let unit = app.db.write(move |connection| audit::purge(connection, None, before, after, FORGET_BATCH)).await?;
        forgotten += unit.deleted;
        after = unit.next;
        if after.is_none() {
            return Ok(forgotten);
        }
        tokio::time::sleep(FORGET_REST).await;
    }
}

fn every<F, Fut>(period: Duration, app: Arc<App>, name: &'static str, job: F) -> JoinHandle<()>
where
    F: Fn(Arc<App>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), DbError>> + Send,
{
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = job(Arc::clone(&app)).await {
                tracing::warn!(%error, "{name} failed; it is tried again");
            }
        }
    })
}
