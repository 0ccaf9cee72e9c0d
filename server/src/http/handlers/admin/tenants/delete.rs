use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{
        Administrator, ApiError, IfMatch, Query, pages, parameters::TenantVersionParams, path_tenant, responses::*,
    },
    service::admin::tenants,
};

/// Deletes a tenant and its data. The audit log is kept for the retention time (90 days if entries are kept forever).
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
    tenants::delete(&caller.context, tenant, if_match.precondition()?, erase_audit).await?;
    Ok(HttpResponse::NoContent().finish())
}
