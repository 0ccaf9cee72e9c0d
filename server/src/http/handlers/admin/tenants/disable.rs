use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Disables a tenant: its endpoints, except the JWKS and the related origins, return 403. Does nothing if it is already
/// disabled.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/disabled",
    tag = "Tenants",
    responses((status = 204, description = "disabled"), AdministratorErrors, TenantNotFound),
)]
pub async fn disable(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    disabling::disable(&caller.context, path_tenant(&path)?, Target::Tenant).await?;
    Ok(HttpResponse::NoContent().finish())
}
