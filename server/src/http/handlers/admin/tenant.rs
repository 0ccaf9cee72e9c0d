//! `/tenants/{tenant_id}`.

use actix_web::{
    HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{
    ErrorBody, TenantId,
    admin::{TenantDetail, UpdateTenantRequest},
};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body, path_tenant},
        json,
    },
    service::admin::tenants,
};

/// A tenant with its configuration.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    responses(
        (status = 200, description = "the tenant", body = TenantDetail),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn get(caller: Auditor, path: Path<String>) -> Result<Json<TenantDetail>, ApiError> {
    let id = path_tenant(&path)?;
    tenants::get(&caller.call, id).await.map(Json).map_err(failed)
}

/// Gives a tenant another name.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    request_body = UpdateTenantRequest,
    responses(
        (status = 204, description = "renamed"),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn put(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let id = path_tenant(&path)?;
    let request = json::object::<UpdateTenantRequest>(&body).map_err(refused)?;
    tenants::rename(&caller.call, id, request).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes a tenant with everything it has.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    responses(
        (status = 204, description = "deleted"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn delete(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = path_tenant(&path)?;
    tenants::delete(&caller.call, id).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
