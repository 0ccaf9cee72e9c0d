//! Audit logs: of one tenant, of the installation, or of all together.

use doorward_shared::{
    AuditId, AuditType, TenantId, Timestamp,
    audit::{AdminAuditLogItem, AuditOutcome},
};
use uuid::Uuid;

use super::{Api, ApiError, export::ExportFormat, export::ExportStream, request::Call};

/// Comes after every id there will be, and is one: version 7 (RFC 9562 §5.7), so that its time can be read.
const LAST: Uuid = Uuid::from_u128(0xffff_ffff_ffff_7fff_bfff_ffff_ffff_ffff);

/// Which entries. What is empty or absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Whose log; [`TenantId::INSTALLATION`] for the installation's own; all logs when absent.
    pub tenant: Option<TenantId>,
    /// Of these types.
    pub kinds: Vec<AuditType>,
    /// That ended so.
    pub outcome: Option<AuditOutcome>,
    /// Part of the actor: a user's id or an admin token's name.
    pub actor: Option<String>,
    /// Part of the source address.
    pub source_ip: Option<String>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Before (exclusive).
    pub end: Option<Timestamp>,
    /// Part of the actor or of the source address.
    pub text: Option<String>,
}

impl AuditQuery {
    /// Whether it matches every entry of its log.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self { tenant: self.tenant, ..Self::default() }
    }
}

impl Api {
    /// The newest entries, newest first, at most `limit` (1 to 100). Cheaper than a page, since nothing is counted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn audit_newest(&self, query: &AuditQuery, limit: u32) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_before(query, AuditId::new(LAST), limit).await
    }

    /// Entries older than one, newest first, at most `limit` (1 to 100).
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn audit_before(
        &self,
        query: &AuditQuery,
        before: AuditId,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_slice(query, "before", before, limit).await
    }

    /// Entries newer than one, oldest first, at most `limit` (1 to 100): cheap enough to ask each second. The nil id comes
    /// before all.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn audit_after(
        &self,
        query: &AuditQuery,
        after: AuditId,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_slice(query, "after", after, limit).await
    }

    /// Reads entries from a cursor on. The server examines a bounded number of entries per request and returns a link where
    /// it stopped; this follows the links until there are `limit` entries or the log ends.
    async fn audit_slice(
        &self,
        query: &AuditQuery,
        cursor: &str,
        from: AuditId,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        let (mut rows, mut next, mut left) = (Vec::new(), Some(from), limit);
        while let Some(id) = next.filter(|_| left > 0) {
            let call = self.audit(query).with(cursor, id).with("per_page", left);
            let (found, following): (Vec<AdminAuditLogItem>, _) = call.slice(cursor).await?;
            left = left.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            rows.extend(found);
            next = following;
        }
        Ok(rows)
    }

    /// Everything that matches, oldest first, as a stream of bytes.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn audit_export(&self, query: &AuditQuery, format: ExportFormat) -> Result<ExportStream, ApiError> {
        let response = self.audit(query).with("format", format).stream().await?;
        Ok(ExportStream::new(self.url().clone(), response, format))
    }

    fn audit(&self, query: &AuditQuery) -> Call<'_> {
        let mut call = match query.tenant {
            Some(tenant) => self.read(&["tenants", &tenant.to_string(), "audit_logs"]),
            None => self.read(&["audit_logs"]),
        };
        for kind in &query.kinds {
            call = call.with("type", kind);
        }
        call.maybe("outcome", query.outcome)
            .maybe("actor_user_id", query.actor.as_deref())
            .maybe("meta_source_ip", query.source_ip.as_deref())
            .maybe("start_time", query.start)
            .maybe("end_time", query.end)
            .maybe("q", query.text.as_deref())
    }
}
