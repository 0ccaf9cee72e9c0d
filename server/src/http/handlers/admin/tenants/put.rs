use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UpdateTenantRequest;

use crate::{
    http::{Administrator, ApiError, Body, IfMatch, json, parameters::TenantVersionParams, path_tenant, responses::*},
    service::admin::tenants,
};

/// Renames a tenant. The header `ETag` is the tenant's new version.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(TenantVersionParams),
    request_body = UpdateTenantRequest,
    responses((status = 204, description = "renamed"), InvalidBody, TenantChangeErrors),
)]
pub async fn put(
    caller: Administrator,
    path: Path<String>,
    if_match: IfMatch,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::strict_object::<UpdateTenantRequest>(&body)?;
    let version = tenants::rename(&caller.context, tenant, if_match.precondition()?, request).await?;
    Ok(HttpResponse::NoContent().insert_header(etag(&version)).finish())
}
