//! `/tenants/{tenant_id}/config`.

use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, TenantId, config::TenantConfig};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Body, path_tenant},
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
