use actix_web::{HttpResponse, http::StatusCode, web::Path};
use doorward_shared::ErrorCode;

use crate::{
    http::{
        Administrator, ApiError, IfMatch, Query, pages, parameters::TenantVersionParams, path_tenant, responses::*,
    },
    service::admin::tenants,
};

/// Deletes a tenant and its data. The audit log is kept for the retention time, or for 90 days if no retention time is
/// set. Admin tokens that may use only this tenant are revoked; the tenant is removed from other limited tokens.
/// Requests with a limited token cannot delete the audit log.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(
        ("erase_audit" = Option<bool>, Query,
            description = "`true` also deletes the audit log, or the kept audit log of a tenant that is already deleted"),
        TenantVersionParams,
    ),
    responses((status = 204, description = "deleted"), InvalidQuery, TenantChangeErrors),
)]
pub async fn delete(
    caller: Administrator,
    path: Path<String>,
    query: Query,
    if_match: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let erase_audit = pages::flag(&query, "erase_audit")?;
    let tenant = path_tenant(&path)?;
    if erase_audit && caller.context.scope.is_some() {
        let reason = "only a token for all tenants may delete an audit log";
        return Err(ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "forbidden", reason));
    }
    tenants::delete(&caller.context, tenant, if_match.precondition()?, erase_audit).await?;
    Ok(HttpResponse::NoContent().finish())
}
