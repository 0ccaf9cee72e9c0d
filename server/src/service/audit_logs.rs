//! Reading audit logs.

use doorward_shared::{
    TenantId,
    audit::AuditLogItem,
    page::{Page, PageRequest},
};

use super::Failure;
use crate::{
    app::App,
    domain::audit::{AuditCursor, AuditFilter},
    store::audit,
};

/// A numbered page of a log, newest first, with the number of all entries that match.
///
/// # Errors
/// As the database has them.
pub async fn page(
    app: &App,
    tenant: Option<TenantId>,
    filter: AuditFilter,
    page: PageRequest,
) -> Result<Page<AuditLogItem>, Failure> {
    Ok(app.store.read(move |connection| audit::page(connection, tenant, &filter, page)).await?)
}

/// Entries after or before one: cheap at any depth, and without a total.
///
/// # Errors
/// As the database has them.
pub async fn slice(
    app: &App,
    tenant: Option<TenantId>,
    filter: AuditFilter,
    cursor: AuditCursor,
    limit: u32,
) -> Result<Vec<AuditLogItem>, Failure> {
    Ok(app.store.read(move |connection| audit::slice(connection, tenant, &filter, cursor, limit)).await?)
}
