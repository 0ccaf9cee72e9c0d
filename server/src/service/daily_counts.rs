//! Cache of the daily sums over all audit logs, which the overview shows.

use std::collections::BTreeMap;

use doorward_shared::Timestamp;
use tokio::sync::Mutex;

use crate::{
    db::{Database, DbError},
    store::audit::{self, Activity, Days},
};

/// Sums that may still change are read again after this time.
const MAX_AGE_MS: i64 = 60_000;
/// A sum is final if it was read at least this long after the end of its day. Covers entries that were still being written,
/// and differences between the clocks of nodes.
const FINAL_AFTER_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;

/// Sums by day, as this process has read them.
#[derive(Debug, Default)]
pub struct DailyCounts(Mutex<BTreeMap<i64, Counted>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    activity: Activity,
    at: Timestamp,
}

impl DailyCounts {
    /// Returns the sums of some days, and when the last of these days was counted. Days before today are read once, others at
    /// most once a minute. Entries that are deleted later, with their tenant, stay in the sums of past days.
    pub async fn get(
        &self,
        db: &Database,
        retention_days: Option<u32>,
        now: Timestamp,
        days: Days,
    ) -> Result<(BTreeMap<i64, Activity>, Timestamp), DbError> {
        // Sums of days that retention is deleting change, so they are never final.
        let deleted_to = retention_days.map_or(i64::MIN, |kept| now.day() - i64::from(kept));
        // Held during the read, so that concurrent requests share one.
        let mut cache = self.0.lock().await;
        let is_stale =
            |day: &i64| cache.get(day).is_none_or(|counted| !counted.is_current(*day, now, *day > deleted_to));
        let stale = || (days.first..=days.last).filter(is_stale);
        if let (Some(first), Some(last)) = (stale().min(), stale().max()) {
            let read = Days { first, last };
            let found = db.read(move |connection| audit::sums_by_day(connection, read)).await?;
            for day in first..=last {
                let activity = found.get(&day).copied().unwrap_or_default();
                cache.insert(day, Counted { activity, at: now });
            }
        }
        let sums = cache.range(days.first..=days.last).map(|(day, counted)| (*day, counted.activity)).collect();
        Ok((sums, cache.get(&days.last).map_or(now, |counted| counted.at)))
    }
}

impl Counted {
    fn is_current(&self, day: i64, now: Timestamp, may_be_final: bool) -> bool {
        let is_final = may_be_final && self.at.millis() >= (day + 1) * DAY_MS + FINAL_AFTER_MS;
        is_final || (0..MAX_AGE_MS).contains(&(now.millis() - self.at.millis()))
    }
}
