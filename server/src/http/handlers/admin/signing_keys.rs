//! `/tenants/{tenant_id}/secrets/jwk`.

use actix_web::{
    HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{
    ErrorBody, TenantId,
    admin::{CreateSigningKeyRequest, SigningKeyItem},
};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body, path_tenant},
        json,
    },
    service::{Refusal, admin::signing_keys},
};

/// A tenant's signing keys: what is public of them.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "Signing keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    responses(
        (status = 200, description = "the keys", body = [SigningKeyItem]),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor, path: Path<String>) -> Result<Json<Vec<SigningKeyItem>>, ApiError> {
    let tenant = path_tenant(&path)?;
    signing_keys::list(&caller.call, tenant).await.map(Json).map_err(failed)
}

/// Rotates: the new key is published now, and signs once clients have had time to fetch it.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "Signing keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
    ),
    request_body = CreateSigningKeyRequest,
    responses(
        (status = 201, description = "created", body = SigningKeyItem),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn create(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::object::<CreateSigningKeyRequest>(&body).map_err(refused)?;
    let created = signing_keys::create(&caller.call, tenant, request).await.map_err(failed)?;
    Ok(HttpResponse::Created().json(created))
}

/// Takes a signing key out of use; it stays published until its tokens have expired.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/jwk/{secret_id}",
    tag = "Signing keys",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("secret_id" = String, Path, description = "the key"),
    ),
    responses(
        (status = 204, description = "retired"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found; secret not found", body = ErrorBody),
        (status = 409, description = "secret is in use", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn retire(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = path.into_inner();
    let (tenant, id) = (path_tenant(&tenant)?, id.parse().map_err(|_| refused(Refusal::SecretNotFound))?);
    signing_keys::retire(&caller.call, tenant, id).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
