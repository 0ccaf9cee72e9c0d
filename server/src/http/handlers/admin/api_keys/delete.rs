use actix_web::{HttpResponse, web::Path};
use doorward_shared::TenantId;

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::{Refusal, admin::api_keys},
};

/// Revokes an API key. The server rejects it from the next request on.
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
        AdministratorErrors,
        SecretNotFound,
    ),
    security(("adminToken" = [])),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    api_keys::revoke(&caller.call, tenant, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
