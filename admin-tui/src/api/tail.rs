//! The end of an audit log, as it grows.

use doorward_shared::{AuditId, audit::AdminAuditLogItem};
use uuid::Uuid;

use super::{Api, ApiError, AuditQuery};

/// The most entries of one answer.
const SLICE: u32 = 100;

/// Follows a log: each entry that matches is answered once, in order, whatever happens to the connection in between.
#[derive(Debug, Clone)]
pub struct Tail {
    api: Api,
    query: AuditQuery,
    cursor: AuditId,
}

impl Tail {
    /// Begins at the end of the log, with the newest `limit` (0 to 100) entries that match, oldest first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn start(api: Api, query: AuditQuery, limit: u32) -> Result<(Self, Vec<AdminAuditLogItem>), ApiError> {
        let mut tail = Self { api, query, cursor: AuditId::new(Uuid::nil()) };
        tail.cursor = tail.end().await?;
        let mut rows = match limit {
            0 => Vec::new(),
            limit => tail.api.audit_newest(&tail.query, limit.min(SLICE)).await?,
        };
        rows.reverse();
        tail.advance(&rows);
        Ok((tail, rows))
    }

    /// Entries that came since, oldest first, at most a hundred: ask again at once while it is that many.
    ///
    /// # Errors
    /// [`ApiError`]. The tail stays where it is, so that the next poll misses nothing.
    pub async fn poll(&mut self) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        // Everything up to this end is in the answer, if it matches. Without it, a filter that matches nothing would make
        // the server look through all entries since the start, each time.
        let end = if self.query.is_everything() { None } else { Some(self.end().await?) };
        let rows = self.api.audit_after(&self.query, self.cursor, SLICE).await?;
        self.advance(&rows);
        if let Some(end) = end.filter(|_| !is_full(&rows)) {
            self.cursor = self.cursor.max(end);
        }
        Ok(rows)
    }

    /// The newest entry, whether it matches or not.
    async fn end(&self) -> Result<AuditId, ApiError> {
        let everything = AuditQuery { tenant: self.query.tenant, ..AuditQuery::default() };
        let newest = self.api.audit_newest(&everything, 1).await?;
        Ok(newest.first().map_or(self.cursor, |row| row.entry.id))
    }

    fn advance(&mut self, rows: &[AdminAuditLogItem]) {
        if let Some(last) = rows.last() {
            self.cursor = self.cursor.max(last.entry.id);
        }
    }
}

/// Whether there may be more already.
#[must_use]
pub fn is_full(rows: &[AdminAuditLogItem]) -> bool {
    u32::try_from(rows.len()).is_ok_and(|count| count >= SLICE)
}
