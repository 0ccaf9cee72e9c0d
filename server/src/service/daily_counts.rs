//! Cache of the numbers of audit entries per day, summed over all logs, for the overview.

use std::collections::BTreeMap;

use doorward_shared::Timestamp;
use tokio::sync::Mutex;

use crate::{
    db::{Database, DbError, Engine},
    store::{
        audit::{Activity, Days},
        audit_counts,
    },
};

/// Maximum number of days of an overview, today included.
pub const MAX_DAYS: u32 = 90;
/// Age in milliseconds at which a sum that may still change is read again.
const MAX_AGE_MS: i64 = 60_000;
/// Delay in milliseconds: a sum is final if it was read at least this long after the end of its day. The delay covers
/// entries that were still being written at the end of the day, and differences between the clocks of nodes.
const FINAL_AFTER_MS: i64 = 300_000;
/// Delay in milliseconds for a day whose entries retention deletes: the day's sum is final if it was read at least this
/// long after all entries of the day were old enough to be deleted. The job that deletes them runs every 10 minutes.
const DELETED_AFTER_MS: i64 = 1_200_000;
const DAY_MS: i64 = 86_400_000;

/// Returns the maximum number of days that one unit of work reads. SQLite finds the counters of each day with an index.
/// PostgreSQL often reads the whole table, so one day takes as much time as many days.
pub const fn days_per_unit(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 1,
        Engine::Postgres => 45,
    }
}

/// Cache of the daily sums that this process has read, by UTC day.
#[derive(Debug, Default)]
pub struct DailyCounts(Mutex<BTreeMap<i64, Counted>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    activity: Activity,
    at: Timestamp,
}

impl DailyCounts {
    /// Returns the sums of the given days, and the time at which the sum of `days.last` was read. A sum that may still
    /// change is read at most once a minute, and a final sum is not read again. While retention deletes the entries of
    /// a day, the day's sum may change again. Entries that are deleted with their tenant stay in the sums of past days.
    /// After an error, days that were already read stay in the cache.
    pub async fn get(
        &self,
        db: &Database,
        retention_days: Option<u32>,
        now: Timestamp,
        days: Days,
    ) -> Result<(BTreeMap<i64, Activity>, Timestamp), DbError> {
        // The lock is held during the reads, so that concurrent requests share their results.
        let mut cache = self.0.lock().await;
        // Drops sums whose time is far in the future: they were read while the clock was ahead. Sums whose time is only
        // slightly in the future were read by concurrent requests and are kept.
        cache.retain(|_, counted| counted.at.millis() <= now.millis() + MAX_AGE_MS);
        let is_current =
            |day: &i64| cache.get(day).is_some_and(|counted| counted.is_current(*day, now, retention_days));
        let missing: Vec<i64> = (days.first..=days.last).rev().filter(|day| !is_current(day)).collect();
        let per_unit = days_per_unit(db.engine());
        let periods = missing.chunk_by(|day, earlier| day - earlier == 1).flat_map(|period| period.chunks(per_unit));
        let mut parts: Vec<&[i64]> = periods.collect();
        parts.reverse();
        while let Some(part) = parts.pop() {
            let (Some(&last), Some(&first)) = (part.first(), part.last()) else { continue };
            let range = Days { first, last };
            let found = match db.read(move |connection| audit_counts::sums_by_day(connection, range)).await {
                Ok(found) => found,
                Err(error) if part.len() == 1 => return Err(error),
                // The statement may have timed out, so the days are now read one by one.
                Err(_) => {
                    parts.extend(part.chunks(1).rev());
                    continue;
                }
            };
            for &day in part {
                let activity = found.get(&day).copied().unwrap_or_default();
                cache.insert(day, Counted { activity, at: now });
            }
        }
        let sums = cache.range(days.first..=days.last).map(|(day, counted)| (*day, counted.activity)).collect();
        Ok((sums, cache.get(&days.last).map_or(now, |counted| counted.at)))
    }
}

impl Counted {
    fn is_current(&self, day: i64, now: Timestamp, retention_days: Option<u32>) -> bool {
        let kept = retention_days.map(i64::from);
        let final_from = match kept.filter(|kept| day + kept <= now.day()) {
            Some(kept) => (day + kept + 1) * DAY_MS + DELETED_AFTER_MS,
            None => (day + 1) * DAY_MS + FINAL_AFTER_MS,
        };
        let is_final = self.at.millis() >= final_from;
        is_final || (0..MAX_AGE_MS).contains(&(now.millis() - self.at.millis()))
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{AuditType, TenantId};

    use super::*;
    use crate::{
        db::tests::{harness::TestDatabase, on_every_engine},
        domain::{AuditEvent, RequestMeta},
    };

    on_every_engine!(
        each_day_is_read_once,
        only_the_day_that_retention_deletes_is_read_again,
        sums_from_the_future_are_dropped
    );

    /// A sum is final only if it was read after the last entries of its day were written and, if retention deletes the
    /// entries of this day, after their deletion.
    #[test]
    fn sum_is_final_after_the_last_possible_change() {
        let much_later = noon(TODAY + 100);
        for (retention_days, end) in [
            (None, (TODAY + 1) * DAY_MS + FINAL_AFTER_MS),
            (Some(5), (TODAY + 6) * DAY_MS + DELETED_AFTER_MS),
            (Some(200), (TODAY + 1) * DAY_MS + FINAL_AFTER_MS),
        ] {
            let counted = |at| Counted { activity: Activity::default(), at: Timestamp::from_millis(at) };
            assert!(!counted(end - 1).is_current(TODAY, much_later, retention_days), "{retention_days:?}");
            assert!(counted(end).is_current(TODAY, much_later, retention_days), "{retention_days:?}");
        }
    }

    const TODAY: i64 = 20_000;
    const CHART: Days = Days { first: TODAY - 9, last: TODAY };

    fn noon(day: i64) -> Timestamp {
        Timestamp::of_day(day).plus_millis(DAY_MS / 2)
    }

    /// Adds an entry on each of these days.
    async fn add(db: &TestDatabase, days: Days) {
        let write = move |c: &mut crate::db::Connection| {
            for day in days.first..=days.last {
                let event = AuditEvent {
                    random: 0,
                    tenant_id: TenantId::INSTALLATION,
                    kind: AuditType::TenantCreated,
                    error: None,
                    meta: RequestMeta::default(),
                    actor: None,
                    credential_id: None,
                    transaction_id: None,
                    detail: None,
                    at: noon(day),
                };
                crate::store::audit::insert(c, &event)?;
            }
            Ok(())
        };
        db.write(write).await;
    }

    /// Returns the number of entries on each day of the chart.
    async fn chart(counts: &DailyCounts, db: &TestDatabase, kept: Option<u32>, now: Timestamp) -> Vec<u64> {
        let (sums, _) = counts.get(&db.database, kept, now, CHART).await.expect("sums");
        sums.values().map(|activity| activity.entries).collect()
    }

    async fn each_day_is_read_once(db: TestDatabase) {
        let counts = DailyCounts::default();
        add(&db, CHART).await;
        assert_eq!(chart(&counts, &db, None, noon(TODAY)).await, [1; 10]);
        add(&db, CHART).await;
        assert_eq!(chart(&counts, &db, None, noon(TODAY).plus_millis(MAX_AGE_MS - 1)).await, [1; 10]);
        assert_eq!(
            chart(&counts, &db, None, noon(TODAY).plus_millis(MAX_AGE_MS)).await,
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
        );
    }

    async fn only_the_day_that_retention_deletes_is_read_again(db: TestDatabase) {
        let counts = DailyCounts::default();
        add(&db, CHART).await;
        assert_eq!(chart(&counts, &db, Some(5), noon(TODAY)).await, [1; 10]);
        // The test adds an entry to every day, so that a day that is read again has a larger sum.
        add(&db, CHART).await;
        let later = chart(&counts, &db, Some(5), noon(TODAY).plus_millis(MAX_AGE_MS)).await;
        assert_eq!(later, [1, 1, 1, 1, 2, 1, 1, 1, 1, 2]);
        // On the next day, all entries of the day at index 4 are too old to be kept, so this day is read for the last
        // time.
        add(&db, CHART).await;
        let next_day = chart(&counts, &db, Some(5), noon(TODAY + 1)).await;
        assert_eq!(next_day, [1, 1, 1, 1, 3, 3, 1, 1, 1, 3]);
        add(&db, CHART).await;
        let end = chart(&counts, &db, Some(5), noon(TODAY + 1).plus_millis(MAX_AGE_MS)).await;
        assert_eq!(end, [1, 1, 1, 1, 3, 4, 1, 1, 1, 3]);
    }

    async fn sums_from_the_future_are_dropped(db: TestDatabase) {
        let counts = DailyCounts::default();
        assert_eq!(chart(&counts, &db, None, noon(TODAY + 3)).await, [0; 10]);
        add(&db, CHART).await;
        assert_eq!(chart(&counts, &db, None, noon(TODAY)).await, [1; 10]);
    }
}
