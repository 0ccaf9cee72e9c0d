//! Follows an audit log as it grows.

use doorward_shared::{AuditId, audit::AdminAuditLogItem};
use uuid::Uuid;

use super::{
    audit::{AUDIT_PAGE_SIZE, AuditQuery},
    client::Api,
    error::ApiError,
};

/// Follows a log. Returns each matching entry exactly once and in order, even after connection failures.
#[derive(Debug, Clone)]
pub struct Tail {
    api: Api,
    query: AuditQuery,
    cursor: AuditId,
}

impl Tail {
    /// Starts at the end of the log. Also returns the newest `limit` (0 to 100) matching entries, oldest first.
    pub async fn start(api: Api, query: AuditQuery, limit: u32) -> Result<(Self, Vec<AdminAuditLogItem>), ApiError> {
        let mut tail = Self { api, query, cursor: AuditId::new(Uuid::nil()) };
        tail.cursor = tail.end().await?;
        let mut entries = match limit {
            0 => Vec::new(),
            limit => tail.api.audit_newest(&tail.query, limit.min(AUDIT_PAGE_SIZE)).await?,
        };
        entries.reverse();
        tail.advance(&entries);
        Ok((tail, entries))
    }

    /// Returns the next entries, oldest first. If the result [`is_full`], more entries may already exist. An error does
    /// not change the position, so the next poll misses nothing.
    pub async fn poll(&mut self) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        // Reads the end of the log before the entries, so that the next poll can start there even if no entry matches.
        // Otherwise, while no entry matches, the cursor would stay the same, and each poll would make the server scan
        // the same entries again.
        let end = if self.query.is_everything() { None } else { Some(self.end().await?) };
        let entries = self.api.audit_after(&self.query, self.cursor, AUDIT_PAGE_SIZE).await?;
        self.advance(&entries);
        if let Some(end) = end.filter(|_| !is_full(&entries)) {
            self.cursor = self.cursor.max(end);
        }
        Ok(entries)
    }

    async fn end(&self) -> Result<AuditId, ApiError> {
        let everything = AuditQuery { tenant: self.query.tenant, ..AuditQuery::default() };
        let newest = self.api.audit_newest(&everything, 1).await?;
        Ok(newest.first().map_or(self.cursor, |newest| newest.entry.id))
    }

    fn advance(&mut self, entries: &[AdminAuditLogItem]) {
        if let Some(last) = entries.last() {
            self.cursor = self.cursor.max(last.entry.id);
        }
    }
}

/// Returns whether a page contains [`AUDIT_PAGE_SIZE`] entries. In this case, more entries may follow.
pub fn is_full(entries: &[AdminAuditLogItem]) -> bool {
    u32::try_from(entries.len()).is_ok_and(|count| count >= AUDIT_PAGE_SIZE)
}
