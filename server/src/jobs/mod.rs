//! Background jobs. Several nodes may run the same job at once, because each job is idempotent. Units of work are
//! bounded.

mod deletions;
mod key_rotation;
mod probes;
mod retired_keys;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

pub use self::{
    deletions::finish_deletions, key_rotation::rotate_signing_keys, probes::ProbePlan,
    retired_keys::destroy_retired_keys,
};
use crate::{
    app::App,
    db::{Connection, DbError},
    service::{
        attestations,
        daily_counts::{MAX_DAYS, days_per_unit},
        forwarding, scrape,
    },
    store::{
        audit,
        expired_rows::{self, ExpiredChunk, ExpiringTable, RowKey},
    },
};

const PURGE_EXPIRED_EVERY: Duration = Duration::from_secs(30);
const PURGE_AUDIT_EVERY: Duration = Duration::from_secs(600);
const FINISH_DELETIONS_EVERY: Duration = Duration::from_secs(30);
const COUNT_DAYS_EVERY: Duration = Duration::from_secs(3_600);
const COUNT_ENTRIES_EVERY: Duration = Duration::from_secs(600);
const JUDGE_ATTESTATIONS_EVERY: Duration = Duration::from_secs(60);
const ROTATE_KEYS_EVERY: Duration = Duration::from_secs(3_600);
const DESTROY_KEYS_EVERY: Duration = Duration::from_secs(3_600);
const MAINTAIN_EVERY: Duration = Duration::from_secs(5);
const BACKUP_INTERVAL: &str = "doorward_backup_interval_seconds";
const BACKUP_TIME: &str = "doorward_backup_last_success_timestamp_seconds";
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// Number of challenges or redeemed tokens that one unit of work examines.
const EXPIRED_BATCH: i64 = 1_000;
/// Number of audit entries that one unit of work examines. It is small, because other writes wait until this unit ends.
const AUDIT_BATCH: i64 = 50;
/// Pause between units of work that delete audit entries. Other writes run during the pause.
const PAUSE: Duration = Duration::from_millis(5);
/// Time in milliseconds for which expired challenges are kept, so that late finalize requests get the code
/// `challenge_expired`. Redeemed tokens are kept for the same time after their expiry, so that a node with a slow clock
/// does not accept one of them again.
const EXPIRED_KEPT_MS: i64 = 10 * 60 * 1_000;
const DAY_MS: i64 = 86_400_000;

/// Running jobs. They stop when this value is dropped.
#[derive(Debug)]
pub struct Jobs(Vec<JoinHandle<()>>);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

pub fn start(app: &Arc<App>) -> Jobs {
    let backups = app.backups.as_ref().map(|backups| {
        let run = |app: Arc<App>| async move { back_up(&app).await };
        every(backups.check_interval(), Arc::clone(app), "scheduled backup", run)
    });
    let mut jobs = always(app);
    jobs.extend(backups);
    Jobs(jobs)
}

/// Probes each tenant of the plan in turn, now and after each interval.
pub fn start_probes(app: &Arc<App>, plan: ProbePlan) -> Jobs {
    let (period, targets) = (plan.every, Arc::new(plan.targets));
    let run = move |app: Arc<App>| {
        let targets = Arc::clone(&targets);
        async move { probes::probe_all(&app, &targets).await }
    };
    Jobs(vec![every(period, Arc::clone(app), "scheduled probe", run)])
}

/// Starts all jobs except scheduled backups and probes.
fn always(app: &Arc<App>) -> Vec<JoinHandle<()>> {
    vec![
        every(PURGE_EXPIRED_EVERY, Arc::clone(app), "deletion of expired challenges", |app| async move {
            purge_expired(&app).await?;
            app.rate_limits.forget_idle();
            Ok(())
        }),
        every(PURGE_AUDIT_EVERY, Arc::clone(app), "deletion of old audit entries", |app| async move {
            purge_audit_logs(&app).await.map(drop)
        }),
        every(FINISH_DELETIONS_EVERY, Arc::clone(app), "deletion of the data of deleted tenants", |app| async move {
            finish_deletions(&app).await
        }),
        every(JUDGE_ATTESTATIONS_EVERY, Arc::clone(app), "judging attestations with new metadata", |app| async move {
            attestations::judge_again(&app).await.map(drop)
        }),
        every(ROTATE_KEYS_EVERY, Arc::clone(app), "rotation of signing keys", |app| async move {
            rotate_signing_keys(&app).await.map(drop)
        }),
        every(DESTROY_KEYS_EVERY, Arc::clone(app), "destruction of retired private keys", |app| async move {
            destroy_retired_keys(&app).await.map(drop)
        }),
        every(COUNT_ENTRIES_EVERY, Arc::clone(app), "counting the audit entries", |app| async move {
            scrape::count_audit_entries(&app).await
        }),
        every(MAINTAIN_EVERY, Arc::clone(app), "maintenance of the metrics", |app| async move {
            app.metrics.maintain();
            Ok(())
        }),
        every(COUNT_DAYS_EVERY, Arc::clone(app), "counting the days of the overview", |app| async move {
            count_days(&app).await
        }),
        every(
            FLUSH_EVERY,
            Arc::clone(app),
            "writing the last use of keys and the activity of tenants",
            |app| async move { app.key_usage.flush(&app.db, false).await.map(drop) },
        ),
    ]
}

/// Writes a backup if one is due.
async fn back_up(app: &App) -> Result<(), DbError> {
    let Some(backups) = &app.backups else { return Ok(()) };
    app.metrics.gauge(BACKUP_INTERVAL, &[], backups.every().as_secs_f64());
    let begin = app.stopwatch.start();
    let result = backups.run(app.clock.now()).await;
    if let Ok(Some(file)) = &result {
        let seconds = app.stopwatch.elapsed(begin).as_secs_f64();
        tracing::info!(file = %file.display(), seconds, "backup written");
    }
    let newest = backups.newest(app.clock.now()).ok().flatten();
    app.metrics.gauge(BACKUP_TIME, &[], newest.map_or(0.0, |newest| newest.millis() as f64 / 1_000.0));
    result.map(drop)
}

/// Deletes challenges and redeemed tokens that expired at least ten minutes ago. Returns their number.
pub async fn purge_expired(app: &App) -> Result<usize, DbError> {
    let challenges = purge_table(app, expired_rows::CHALLENGES).await?;
    Ok(challenges + purge_table(app, expired_rows::REDEEMED_TOKENS).await?)
}

async fn purge_table(app: &App, table: ExpiringTable) -> Result<usize, DbError> {
    let before = app.clock.now().plus_millis(-EXPIRED_KEPT_MS);
    let mut deleted = 0;
    let mut start = RowKey::default();
    loop {
        let from = start.clone();
        let find =
            move |connection: &mut Connection| expired_rows::find(connection, table, &from, before, EXPIRED_BATCH);
        let ExpiredChunk { expired, end } = app.db.read(find).await?;
        if expired > 0 {
            let (from, to) = (start, end.clone());
            let delete =
                move |connection: &mut Connection| expired_rows::delete(connection, table, &from, to.as_ref(), before);
            deleted += app.db.write(delete).await?;
        }
        let Some(end) = end else { return Ok(deleted) };
        start = end;
    }
}

/// Deletes audit entries that are older than the retention time and were forwarded to all targets. Returns their
/// number.
pub async fn purge_audit_logs(app: &App) -> Result<usize, DbError> {
    let Some(days) = app.settings.audit_retention_days else { return Ok(0) };
    let before = app.clock.now().plus_millis(-i64::from(days) * DAY_MS);
    let mut deleted = 0;
    let mut after = None;
    loop {
        // Read the forwarded position again for each batch, because an import of older entries moves it back.
        let forwarded = forwarding::forwarded_to_all(app).await?;
        let purge =
            move |connection: &mut Connection| audit::purge_up_to(connection, forwarded, before, after, AUDIT_BATCH);
        let batch = app.db.write(purge).await?;
        deleted += batch.deleted;
        after = batch.next;
        if after.is_none() {
            return Ok(deleted);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Fills the cache of daily counts, newest days first. The cache is locked for one unit of work at a time, so a request
/// for an overview waits for at most one unit. With ten million entries in 100 000 logs, a unit takes 0.3 s on SQLite
/// and 1 s on PostgreSQL.
pub async fn count_days(app: &App) -> Result<(), DbError> {
    let today = app.clock.now().day();
    let days: Vec<i64> = (today + 1 - i64::from(MAX_DAYS)..=today).rev().collect();
    for part in days.chunks(days_per_unit(app.db.engine())) {
        let (Some(&last), Some(&first)) = (part.first(), part.last()) else { continue };
        let days = audit::Days { first, last };
        app.daily_counts.get(&app.db, app.settings.audit_retention_days, app.clock.now(), days).await?;
    }
    Ok(())
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
            let outcome = run(name, job(Arc::clone(&app))).await;
            app.metrics.job(name, outcome, app.clock.now());
        }
    })
}

/// Runs a job once and returns its outcome. Catches and logs a panic, so that later runs still happen.
async fn run(name: &'static str, job: impl Future<Output = Result<(), DbError>>) -> &'static str {
    match AssertUnwindSafe(job).catch_unwind().await {
        Ok(Ok(())) => "succeeded",
        Ok(Err(error)) => {
            tracing::warn!(%error, "{name} failed and will be retried");
            "failed"
        }
        Err(_) => {
            tracing::error!("{name} panicked and will be retried");
            "panicked"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn job_that_panics_or_fails_returns_an_outcome() {
        assert_eq!(run("job", async { Ok(()) }).await, "succeeded");
        assert_eq!(run("job", async { Err(DbError::Orphan) }).await, "failed");
        assert_eq!(run("job", async { panic!("a fault in the job") }).await, "panicked");
    }
}
