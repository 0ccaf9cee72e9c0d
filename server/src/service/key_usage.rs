//! Times of the last use of API keys and admin tokens, and of the last activity of tenants. Requests record them in
//! memory. A job writes each of these times to the database at most once a minute.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{AdminTokenId, ApiKeyId, TenantId, Timestamp};

use crate::{
    db::{Database, DbError},
    store::{admin_tokens, api_keys, tenant_summaries},
};

/// Minimum time between two writes of the same row, in milliseconds.
const WRITE_INTERVAL_MS: i64 = 60_000;
const BATCH: usize = 100;

/// For each row, the time of its last use or activity, recorded in memory.
#[derive(Debug, Default)]
pub struct KeyUsage(Mutex<HashMap<Subject, Recorded>>);

/// The row whose last use or last activity is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Subject {
    ApiKey(TenantId, ApiKeyId),
    AdminToken(AdminTokenId),
    Tenant(TenantId),
}

#[derive(Debug, Clone, Copy)]
struct Recorded {
    latest: Timestamp,
    written: Option<Timestamp>,
}

impl KeyUsage {
    pub fn used(&self, tenant_id: TenantId, id: ApiKeyId, at: Timestamp) {
        self.record(Subject::ApiKey(tenant_id, id), at);
    }

    pub fn token_used(&self, id: AdminTokenId, at: Timestamp) {
        self.record(Subject::AdminToken(id), at);
    }

    /// Records that an entry was written to a tenant's audit log.
    pub fn tenant_active(&self, id: TenantId, at: Timestamp) {
        if id != TenantId::INSTALLATION {
            self.record(Subject::Tenant(id), at);
        }
    }

    fn record(&self, subject: Subject, at: Timestamp) {
        let mut recorded = self.recorded();
        let entry = recorded.entry(subject).or_insert(Recorded { latest: at, written: None });
        entry.latest = entry.latest.max(at);
    }

    fn recorded(&self) -> MutexGuard<'_, HashMap<Subject, Recorded>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes each row's latest recorded time if no written time is known, or if the recorded time is at least a minute
    /// later than the written one. With `all`, writes all times that are not written yet. Returns the number of written
    /// rows.
    ///
    /// # Errors
    /// [`DbError`] of the database. Times that were not written stay in memory.
    pub async fn flush(&self, db: &Database, all: bool) -> Result<usize, DbError> {
        let mut due: Vec<(Subject, Timestamp)> = {
            let recorded = self.recorded();
            recorded.iter().filter(|(_, it)| it.is_due(all)).map(|(subject, it)| (*subject, it.latest)).collect()
        };
        // Every node locks the rows in the same order, so that two nodes cannot deadlock.
        due.sort_unstable();
        for batch in due.chunks(BATCH) {
            let rows = batch.to_vec();
            db.write(move |connection| {
                rows.iter().try_for_each(|(subject, at)| match *subject {
                    Subject::ApiKey(tenant_id, id) => api_keys::record_use(connection, tenant_id, id, *at),
                    Subject::AdminToken(id) => admin_tokens::record_use(connection, id, *at),
                    Subject::Tenant(id) => tenant_summaries::record_activity(connection, id, *at),
                })
            })
            .await?;
            let mut recorded = self.recorded();
            for (subject, at) in batch {
                if let Some(entry) = recorded.get_mut(subject) {
                    entry.written = Some(*at);
                }
            }
        }
        // Remove entries whose time was written and is at least a minute older than the newest time that this call
        // wrote. The next time that is recorded for such a row is due at once, even without the entry.
        let newest = due.iter().map(|(_, at)| *at).max();
        if let Some(newest) = newest {
            self.recorded()
                .retain(|_, it| !it.is_written() || newest.millis() - it.latest.millis() < WRITE_INTERVAL_MS);
        }
        Ok(due.len())
    }
}

impl Recorded {
    fn is_written(&self) -> bool {
        self.written == Some(self.latest)
    }

    fn is_due(&self, all: bool) -> bool {
        match self.written {
            None => true,
            Some(written) => {
                !self.is_written() && (all || self.latest.millis() - written.millis() >= WRITE_INTERVAL_MS)
            }
        }
    }
}
