use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UpdateTenantRequest;

use crate::{
    http::{Administrator, ApiError, Body, json, path_tenant, responses::*},
    service::admin::tenants,
};

/// Renames a tenant.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    request_body = UpdateTenantRequest,
    responses((status = 204, description = "renamed"), InvalidBody, AdministratorErrors, TenantNotFound),
)]
pub async fn put(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::object::<UpdateTenantRequest>(&body)?;
    tenants::rename(&caller.context, tenant, request).await?;
    Ok(HttpResponse::NoContent().finish())
}
