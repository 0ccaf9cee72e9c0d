use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::admin::tenants,
};

/// Deletes a tenant and all its data.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    responses((status = 204, description = "deleted"), AdministratorErrors, TenantNotFound),
)]
pub async fn delete(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    tenants::delete(&caller.context, path_tenant(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
