use actix_web::web::{Json, Path};
use doorward_shared::admin::TenantDetail;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::tenants,
};

/// Returns a tenant with its configuration.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    responses((status = 200, description = "the tenant", body = TenantDetail), AuditorErrors, TenantNotFound),
)]
pub async fn get(caller: Auditor, path: Path<String>) -> Result<Json<TenantDetail>, ApiError> {
    Ok(Json(tenants::get(&caller.context, path_tenant(&path)?).await?))
}
