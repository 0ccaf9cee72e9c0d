use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UpdateTenantRequest;

use crate::{
    http::{Administrator, ApiError, Body, IfMatch, json, path_tenant, responses::*},
    service::admin::tenants,
};

/// Renames a tenant. The header `ETag` is its new version.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the tenant: refuses the change if it is stale")),
    request_body = UpdateTenantRequest,
    responses(
        (status = 204, description = "renamed"),
        InvalidBody,
        AdministratorErrors,
        TenantNotFound,
        TenantChanged,
    ),
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
