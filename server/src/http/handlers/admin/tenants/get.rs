use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::TenantDetail;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::tenants,
};

/// Returns a tenant with its configuration. The header `ETag` is the version of the tenant and its configuration.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    responses((status = 200, description = "the tenant", body = TenantDetail), AuditorErrors, TenantNotFound),
)]
pub async fn get(caller: Auditor, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let (tenant, version) = tenants::get(&caller.context, path_tenant(&path)?).await?;
    Ok(HttpResponse::Ok().insert_header(etag(&version)).json(tenant))
}
