use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled tenant. Does nothing if the tenant is not disabled.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/disabled",
    tag = "Tenants",
    responses((status = 204, description = "enabled"), AdministratorErrors, TenantNotFound),
)]
pub async fn enable(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    disabling::enable(&caller.context, path_tenant(&path)?, Target::Tenant).await?;
    Ok(HttpResponse::NoContent().finish())
}
