//! Audit logs: of one tenant, of the installation, or of all tenants together.

use doorward_shared::{
    AuditId, AuditType, TenantId, Timestamp,
    audit::{AdminAuditLogItem, AuditOutcome},
};
use uuid::Uuid;

use super::{
    client::Api,
    error::ApiError,
    export::{ExportFormat, ExportStream, Total},
    request::ApiRequest,
};

/// Number of entries per page in the app and in most commands.
pub const AUDIT_PAGE_SIZE: u32 = 100;

/// The largest UUID of version 7 (RFC 9562 §5.7). No entry has a greater id.
const MAX_ID: Uuid = Uuid::from_u128(0xffff_ffff_ffff_7fff_bfff_ffff_ffff_ffff);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditPosition {
    /// The newest entries, newest first.
    Newest,
    /// Entries newer than this id, oldest first. The nil id starts at the oldest entry.
    After(AuditId),
    /// Entries older than the entry with this id, newest first. That entry need not exist.
    Before(AuditId),
}

impl AuditPosition {
    /// Returns the position of a page that starts with this entry and continues with older entries, newest first.
    pub fn from(id: AuditId) -> Self {
        Self::Before(AuditId::new(Uuid::from_u128(id.uuid().as_u128().saturating_add(1))))
    }
}

impl AuditPosition {
    /// Returns the name of the query parameter, and its value.
    const fn param(self) -> (&'static str, AuditId) {
        match self {
            Self::Newest => ("before", AuditId::new(MAX_ID)),
            Self::Before(id) => ("before", id),
            Self::After(id) => ("after", id),
        }
    }
}

/// The matching entries of one response. There can be few or none although `next` is set, because the server examines a
/// limited number of entries per request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPage {
    pub entries: Vec<AdminAuditLogItem>,
    /// Cursor from which the search continues in the same direction. `None` at the end of the log.
    pub next: Option<AuditId>,
}

/// Filters of an audit log. Empty and absent filters match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// The log to read: a tenant's, the installation's own ([`TenantId::INSTALLATION`]), or all logs (`None`).
    pub tenant: Option<TenantId>,
    pub kinds: Vec<AuditType>,
    pub outcome: Option<AuditOutcome>,
    /// Substring of the actor, which is a user id or the name of an admin token.
    pub actor: Option<String>,
    /// Substring of the source address.
    pub source_ip: Option<String>,
    /// Earliest time (inclusive).
    pub start: Option<Timestamp>,
    /// Latest time (exclusive).
    pub end: Option<Timestamp>,
    /// Substring of the actor or of the source address.
    pub text: Option<String>,
    /// Names and values of the query parameters of exact and negated filters, such as `error_code` or `not_actor`.
    pub exact: Vec<(&'static str, String)>,
}

impl AuditQuery {
    /// Returns whether the query has no filters. `tenant`, which selects the log, does not count as a filter.
    pub fn is_everything(&self) -> bool {
        *self == Self { tenant: self.tenant, ..Self::default() }
    }
}

impl Api {
    /// Returns up to `limit` (1 to 100) of the newest entries, newest first.
    pub async fn audit_newest(&self, query: &AuditQuery, limit: u32) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_entries(query, AuditPosition::Newest, limit).await
    }

    /// Returns up to `limit` (1 to 100) entries that are older than `before`, newest first.
    pub async fn audit_before(
        &self,
        query: &AuditQuery,
        before: AuditId,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_entries(query, AuditPosition::Before(before), limit).await
    }

    /// Returns up to `limit` (1 to 100) entries that are newer than `after`, oldest first. The nil id starts at the
    /// oldest entry.
    pub async fn audit_after(
        &self,
        query: &AuditQuery,
        after: AuditId,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        self.audit_entries(query, AuditPosition::After(after), limit).await
    }

    /// Starts an export of all matching entries, oldest first.
    pub async fn audit_export(&self, query: &AuditQuery, format: ExportFormat) -> Result<ExportStream, ApiError> {
        let response = self.audit(query).param("format", format).stream().await?;
        Ok(ExportStream::new(self.url().clone(), response, format))
    }

    /// Returns a page of up to `limit` (1 to 1 000) entries. The server examines a limited number of entries per
    /// request, so a page can be short, or even empty, although later pages contain matching entries.
    pub async fn audit_page(
        &self,
        query: &AuditQuery,
        position: AuditPosition,
        limit: u32,
    ) -> Result<AuditPage, ApiError> {
        let (cursor, id) = position.param();
        let request = self.audit(query).param(cursor, id).param("per_page", limit);
        let (entries, next) = request.cursor_page(cursor).await?;
        // Ignores a cursor that does not advance. Otherwise, the client would repeat the same request forever.
        let next = next.and_then(|next| next.parse().ok()).filter(|next| *next != id);
        Ok(AuditPage { entries, next })
    }

    /// Returns the number of matching entries. The server examines a limited number of entries, so the result can be a
    /// lower bound.
    pub async fn audit_count(&self, query: &AuditQuery) -> Result<Total, ApiError> {
        let headers = self.audit(query).param("per_page", 1).headers().await?;
        let missing = || ApiError::unexpected(self.url(), None, "the header X-Total-Count is missing");
        Total::from_headers(&headers).ok_or_else(missing)
    }

    /// Reads pages until there are `limit` entries or the log ends.
    async fn audit_entries(
        &self,
        query: &AuditQuery,
        mut position: AuditPosition,
        limit: u32,
    ) -> Result<Vec<AdminAuditLogItem>, ApiError> {
        let mut entries = Vec::new();
        loop {
            let missing = limit.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
            let page = self.audit_page(query, position, missing).await?;
            let is_complete = page.entries.len() >= usize::try_from(missing).unwrap_or(usize::MAX);
            entries.extend(page.entries);
            position = match (page.next, position) {
                (Some(next), AuditPosition::After(_)) if !is_complete => AuditPosition::After(next),
                (Some(next), _) if !is_complete => AuditPosition::Before(next),
                _ => return Ok(entries),
            };
        }
    }

    fn audit(&self, query: &AuditQuery) -> ApiRequest<'_> {
        let mut request = match query.tenant {
            Some(tenant) => self.get(&["tenants", &tenant.to_string(), "audit_logs"]),
            None => self.get(&["audit_logs"]),
        };
        for kind in &query.kinds {
            request = request.param("type", kind);
        }
        for (name, value) in &query.exact {
            request = request.param(name, value);
        }
        request
            .optional_param("outcome", query.outcome)
            .optional_param("actor_user_id", query.actor.as_deref())
            .optional_param("meta_source_ip", query.source_ip.as_deref())
            .optional_param("start_time", query.start)
            .optional_param("end_time", query.end)
            .optional_param("q", query.text.as_deref())
    }
}
