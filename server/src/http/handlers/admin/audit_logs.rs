//! `/tenants/{tenant_id}/audit_logs` and `/audit_logs`.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use doorward_shared::{TenantId, audit::AdminAuditLogItem};

use crate::{
    http::{
        ApiError, Auditor, Query,
        handlers::audit_logs::{AuditLogParams, respond},
        path_tenant,
        responses::*,
    },
    service::{
        admin::{AdminContext, tenants},
        audit_logs::Log,
    },
};

/// Lists the entries of a tenant's audit log, newest first, as the public API does. The log of a deleted tenant can be
/// read for as long as the log is kept.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/audit_logs",
    tag = "Audit",
    params(AuditLogParams),
    responses(
        (status = 200, description = "a page of the log, or with `format` all of it", content(
            (Vec<AdminAuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        InvalidQuery,
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn of_tenant(
    caller: Auditor,
    path: Path<String>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    if tenant != TenantId::INSTALLATION {
        tenants::require_log(&caller.context, tenant).await?;
    }
    let AdminContext { app, actor, meta, .. } = &caller.context;
    respond(app, Log::Of(tenant), meta, Some(actor.clone()), request.path(), &query).await
}

/// Lists the entries of all audit logs together, newest first. The installation's own log is included.
///
/// A request examines at most 10 000 entries. If it stops there, `X-Total-Count` is a lower bound, which
/// `X-Total-Count-Relation: gte` marks.
#[utoipa::path(
    get,
    path = "/audit_logs",
    tag = "Audit",
    params(AuditLogParams),
    responses(
        (status = 200, description = "a page of the logs, or with `format` all of it", content(
            (Vec<AdminAuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        InvalidQuery,
        AuditorErrors,
    ),
)]
pub async fn of_all(caller: Auditor, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let AdminContext { app, actor, meta, .. } = &caller.context;
    respond(app, Log::All, meta, Some(actor.clone()), request.path(), &query).await
}
