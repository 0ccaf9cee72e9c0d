//! Audit entries of refused changes.

use doorward_shared::{AuditType, ErrorCode, TenantId};
use serde_json::json;

use super::AdminContext;
use crate::{service::ServiceError, store::tenants};

/// Maximum number of characters of the path and of the reason in an entry.
const MAX_TEXT_CHARS: usize = 512;

/// A refused request.
#[derive(Debug)]
pub struct RefusedChange<'a> {
    /// The tenant in the path.
    pub tenant: Option<TenantId>,
    pub method: &'a str,
    pub path: &'a str,
    pub code: ErrorCode,
    pub reason: &'a str,
}

/// Writes the entry of a refused change to the log of the tenant, or to the log of the installation if the tenant does
/// not exist. Above the limit, only counts the refusal; the next entry contains this count.
pub async fn record(context: &AdminContext, refused: RefusedChange<'_>) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let Some(left_out) = context.app.refused_changes.admit(now) else { return Ok(()) };
    let start = |text: &str| text.chars().take(MAX_TEXT_CHARS).collect::<String>();
    let mut detail = json!({ "method": refused.method, "path": start(refused.path) });
    if let Some(members) = detail.as_object_mut().filter(|_| left_out > 0) {
        members.insert("left_out_before".to_owned(), left_out.into());
    }
    let id = refused.tenant.unwrap_or(TenantId::INSTALLATION);
    let tenant = context.app.db.read(move |connection| tenants::find(connection, id)).await?;
    let log = tenant.map_or(TenantId::INSTALLATION, |tenant| tenant.id);
    let entry = context.event(log, AuditType::AdminRequestRejected, now)?;
    let entry = entry.error(refused.code, start(refused.reason)).detail(detail);
    context.app.db.write(move |connection| entry.write(connection)).await?;
    Ok(())
}
