use actix_web::{HttpResponse, web::Path};
use doorward_shared::config::TenantConfig;

use crate::{
    http::{Administrator, ApiError, Body, json, path_tenant, responses::*},
    service::admin::tenants,
};

/// Replaces a tenant's configuration. `mfa`, `limits` and `webauthn.backup_eligibility_change` keep
/// their current values if they are omitted.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/config",
    tag = "Tenants",
    request_body = TenantConfig,
    responses((status = 204, description = "replaced"), InvalidBody, AdministratorErrors, TenantNotFound),
)]
pub async fn put(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let config = json::object::<TenantConfig>(&body)?;
    tenants::configure(&caller.context, tenant, config).await?;
    Ok(HttpResponse::NoContent().finish())
}
