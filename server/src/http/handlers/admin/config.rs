//! `/tenants/{tenant_id}/config` and `/config/check`.

use actix_web::{
    HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{ErrorBody, TenantId, admin::ConfigCheck, config::TenantConfig};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body, path_tenant},
        json,
    },
    service::admin::tenants,
};

/// Replaces a tenant's configuration; without `mfa`, the present second-factor settings stay.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/config",
    tag = "Tenants",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    request_body = TenantConfig,
    responses(
        (status = 204, description = "replaced"),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn put(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let id = path_tenant(&path)?;
    let config = json::object::<TenantConfig>(&body).map_err(refused)?;
    tenants::configure(&caller.call, id, config).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Says everything that is wrong with a configuration, and changes nothing.
#[utoipa::path(
    post,
    path = "/config/check",
    tag = "Tenants",
    request_body = TenantConfig,
    responses(
        (status = 200, description = "what would be refused; nothing when `problems` is empty", body = ConfigCheck),
        (status = 400, description = "unable to process request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn check(_caller: Auditor, body: Body) -> Result<Json<ConfigCheck>, ApiError> {
    let (value, config) = json::value::<TenantConfig>(&body).map_err(refused)?;
    Ok(Json(tenants::check(&value, config.as_ref())))
}
