//! Audit entries of refused changes.

use doorward_shared::{AuditType, ErrorCode, TenantId, refusal::RefusalDetail};

use super::AdminContext;
use crate::{service::ServiceError, store::tenants};

/// Maximum length of a reason in an audit entry, in characters.
const MAX_REASON_CHARS: usize = 512;

/// A refused request.
#[derive(Debug)]
pub struct RefusedChange<'a> {
    /// The tenant in the path of the request; `None` if the path contains none.
    pub tenant: Option<TenantId>,
    pub method: &'a str,
    pub path: &'a str,
    pub code: ErrorCode,
    pub reason: &'a str,
    /// The failed check.
    pub detail: RefusalDetail,
}

/// Writes the entry of a refused change to the log of the tenant, or to the log of the installation if the tenant does
/// not exist. Above the limit of entries per minute (`AuditLimit`), only counts the refusal. The next entry contains
/// this count.
pub async fn record(context: &AdminContext, refused: RefusedChange<'_>) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let Some(left_out) = context.app.refused_changes.admit(now) else { return Ok(()) };
    let detail = refused.detail.request(refused.method, refused.path).left_out_before(left_out);
    let id = refused.tenant.unwrap_or(TenantId::INSTALLATION);
    let tenant = context.app.db.read(move |connection| tenants::find(connection, id)).await?;
    let log = tenant.map_or(TenantId::INSTALLATION, |tenant| tenant.id);
    let entry = context.event(log, AuditType::AdminRequestRejected, now)?;
    let reason: String = refused.reason.chars().take(MAX_REASON_CHARS).collect();
    let entry = entry.error(refused.code, reason, &detail);
    Ok(entry.write_alone(&context.app).await?)
}
