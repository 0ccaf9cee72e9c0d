//! `/tenants/{tenant_id}/secrets/api`.

use actix_web::{
    HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{
    ErrorBody, TenantId,
    admin::{CreateSecretRequest, CreatedSecret, SecretItem},
};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body, path_tenant},
        json,
    },
    service::{Refusal, admin::api_keys},
};

/// A tenant's API keys, without their secrets.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "API keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    responses(
        (status = 200, description = "the keys", body = [SecretItem]),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor, path: Path<String>) -> Result<Json<Vec<SecretItem>>, ApiError> {
    let tenant = path_tenant(&path)?;
    api_keys::list(&caller.call, tenant).await.map(Json).map_err(failed)
}

/// Creates an API key. Its secret is answered only here.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "API keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    request_body = CreateSecretRequest,
    responses(
        (status = 201, description = "created", body = CreatedSecret),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn create(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::object::<CreateSecretRequest>(&body).map_err(refused)?;
    let created = api_keys::create(&caller.call, tenant, request).await.map_err(failed)?;
    Ok(HttpResponse::Created().json(created))
}

/// Revokes an API key: the next request that carries it is refused.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}",
    tag = "API keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("secret_id" = String, Path, description = "the key"),
    ),
    responses(
        (status = 204, description = "revoked"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found; secret not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn revoke(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = path.into_inner();
    let (tenant, id) = (path_tenant(&tenant)?, id.parse().map_err(|_| refused(Refusal::SecretNotFound))?);
    api_keys::revoke(&caller.call, tenant, id).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
