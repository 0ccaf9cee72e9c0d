//! `/tenants/{tenant_id}/audit_logs` and `/audit_logs`.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use doorward_shared::{
    AuditId, ErrorBody, TenantId,
    audit::{AdminAuditLogItem, AuditOutcome},
};

use super::failed;
use crate::{
    http::{
        ApiError,
        extract::{Auditor, Query, path_tenant},
        handlers::audit_logs::answer,
    },
    service::{admin::tenants, audit_logs::Log},
};

/// A tenant's audit log, newest first; parameters and answers as on the public API.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/audit_logs",
    tag = "Audit",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("start_time" = Option<String>, Query, description = "RFC 3339; entries not before"),
        ("end_time" = Option<String>, Query, description = "RFC 3339; entries before (exclusive)"),
        ("type" = Option<String>, Query, description = "types of entries, repeated or comma-separated"),
        ("outcome" = Option<AuditOutcome>, Query, description = "only what was done, or only what was refused"),
        ("actor_user_id" = Option<String>, Query, description = "part of the actor"),
        ("meta_source_ip" = Option<String>, Query, description = "part of the source address"),
        ("q" = Option<String>, Query, description = "part of the actor or of the source address"),
        ("after" = Option<AuditId>, Query, description = "entries newer than this one, oldest first"),
        ("before" = Option<AuditId>, Query, description = "entries older than this one, newest first"),
        ("format" = Option<String>, Query, description = "ndjson or csv: everything that matches, oldest first"),
    ),
    responses(
        (status = 200, description = "a page of the log, or with `format` all of it", content(
            (Vec<AdminAuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn of_tenant(
    caller: Auditor,
    path: Path<String>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    if tenant != TenantId::INSTALLATION {
        tenants::get(&caller.call, tenant).await.map_err(failed)?;
    }
    answer(&caller.call.app, Log::Of(tenant), request.path(), &query).await
}

/// All audit logs together, that of the installation included.
///
/// A part of a text that more than 2 000 entries, actors or addresses contain is not counted: then there is no link to the
/// last page, and only that page has `X-Total-Count`.
#[utoipa::path(
    get,
    path = "/audit_logs",
    tag = "Audit",
    params(
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("start_time" = Option<String>, Query, description = "RFC 3339; entries not before"),
        ("end_time" = Option<String>, Query, description = "RFC 3339; entries before (exclusive)"),
        ("type" = Option<String>, Query, description = "types of entries, repeated or comma-separated"),
        ("outcome" = Option<AuditOutcome>, Query, description = "only what was done, or only what was refused"),
        ("actor_user_id" = Option<String>, Query, description = "part of the actor"),
        ("meta_source_ip" = Option<String>, Query, description = "part of the source address"),
        ("q" = Option<String>, Query, description = "part of the actor or of the source address"),
        ("after" = Option<AuditId>, Query, description = "entries newer than this one, oldest first"),
        ("before" = Option<AuditId>, Query, description = "entries older than this one, newest first"),
        ("format" = Option<String>, Query, description = "ndjson or csv: everything that matches, oldest first"),
    ),
    responses(
        (status = 200, description = "a page of the logs, or with `format` all of it", content(
            (Vec<AdminAuditLogItem> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn of_all(caller: Auditor, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    answer(&caller.call.app, Log::All, request.path(), &query).await
}
